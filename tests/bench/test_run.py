from __future__ import annotations

import json
import sys
from pathlib import Path

import psutil
import pytest

from bench import launch, run
from bench.launch import NotReadyError, is_ready, platform
from bench.meter import ProcessUsage
from bench.report import Outcome, Report

TINY = [sys.executable, "-m", "tests.bench.platform"]


def report(by_label: dict[str, float], *, processes: int = 1, others_s: float = 0.0) -> Report:
    """Ten seconds, one hundred jobs."""
    usage = ProcessUsage(
        by_label, sum(by_label.values()) + others_s, processes=dict.fromkeys(by_label, processes)
    )
    return Report("x", 8, 0.0, 0.0, [Outcome(0.0, 10.0)] * 100, 0.0, usage)


@pytest.mark.parametrize(
    ("measured", "limit"),
    [
        (
            report({"edge": 11.0, "postgres": 8.0}),
            "the CPU: all 2 cores are busy; most of ours by edge (1.10 cores)",
        ),
        (report({"edge": 8.0}, others_s=11), "the CPU: all 2 cores are busy, 1.1 of them by others"),
        (report({"edge": 9.5, "postgres": 2.0}), "edge: 0.95 cores in 1 process(es)"),
        (report({"edge": 9.5, "postgres": 2.0}, processes=2), "waiting, not the CPU (1.15 of 2 cores busy"),
        (report({}), "not measured"),
    ],
)
def test_what_limits_is_read_from_the_cpu(measured: Report, limit: str) -> None:
    assert run.limit(measured, cores=2).startswith(limit)


def test_the_model_which_stands_in_is_not_counted_as_the_platform() -> None:
    figures = report({"edge": 1.0, "functions.providers.simulated": 0.5}).figures()
    assert figures["platform_cpu_ms_per_job"] == 10.0
    assert figures["stand_ins_cpu_ms_per_job"] == 5.0


def test_each_broker_is_loaded_with_the_model_and_without() -> None:
    options = run.arguments().parse_args(
        ["--users", "50,500", "--ceiling", "8", "--set", "ECO2_LOG_LEVEL=ERROR"]
    )
    series = run.plan_series(options)
    assert [(s.label, [p.users for p in s.plans]) for s in series] == [
        ("embedded", [50, 500]),
        ("embedded, 0 s", [8]),
        ("rabbitmq", [50, 500]),
        ("rabbitmq, 0 s", [8]),
    ]
    assert series[0].settings == {
        "ECO2_SIMULATED_VISION_S": "7",
        "ECO2_SIMULATED_ANSWER_S": "5",
        "ECO2_LOG_LEVEL": "ERROR",
    }
    assert series[1].settings["ECO2_SIMULATED_VISION_S"] == "0"


def test_a_started_platform_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "eco2", lambda: TINY)
    with platform(timeout_s=30) as running:
        port = int(running.url.rpartition(":")[2])
        assert is_ready(port)
        assert psutil.pid_exists(running.pid)
    assert not is_ready(port)
    assert not psutil.pid_exists(running.pid)
    assert not running.home.exists()


def test_a_platform_that_ends_at_once_shows_the_end_of_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "eco2", lambda: [sys.executable, "-c", "raise SystemExit('no database')"])
    with pytest.raises(NotReadyError, match="no database"), platform(timeout_s=30):
        pass


def test_the_bench_prints_tables_and_writes_its_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(launch, "eco2", lambda: TINY)
    figures = tmp_path / "figures.json"
    arguments = ["--brokers", "embedded", "--users", "2", "--seconds", "0.3", "--ramp", "0", "--ceiling", "2"]
    monkeypatch.setattr(sys, "argv", ["run", *arguments, "--ceiling-seconds", "0.3", "--json", str(figures)])
    assert run.main() == 0
    printed = capsys.readouterr().out
    assert "| embedded " in printed
    assert "## Ceiling: embedded, 0 s" in printed
    assert "| tests.bench.platform " in printed
    kept = json.loads(figures.read_text())
    assert [entry["completed_percent"] for entry in kept] == [100.0, 100.0]
