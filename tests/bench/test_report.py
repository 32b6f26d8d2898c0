from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from bench.meter import ProcessUsage, label
from bench.report import Outcome, Report, as_json, percentile, summary


def test_percentiles_are_by_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, p) for p in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 99) == 7.0
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
    assert math.isnan(percentile([], 50))


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.1, 100))
def test_a_percentile_has_so_many_values_at_or_below(values: list[float], percent: float) -> None:
    ordered = sorted(values)
    found = percentile(ordered, percent)
    at_or_below = sum(value <= found for value in ordered)
    below = sum(value < found for value in ordered)
    assert at_or_below >= percent / 100 * len(ordered) - 1e-9
    assert below < percent / 100 * len(ordered) + 1e-9


def test_figures_count_completed_jobs_only() -> None:
    good = [Outcome(started=n, ended=n + 12.0 + n / 8) for n in range(10)]
    bad = [Outcome(started=3.0, ended=3.1, failure="submit 503")] * 2
    usage = ProcessUsage(by_label={"edge": 0.05, "postgres": 0.02}, peak_pss=2**20)
    figures = Report("x", 10, 12.0, 1.0, [*good, *bad], generator_cpu_s=0.01, usage=usage).figures()
    assert figures["completed_percent"] == 83.33
    assert figures["e2e_p50_s"] == 12.5
    assert figures["overhead_p99_s"] == 1.125
    assert figures["seconds"] == 22.12
    assert figures["jobs_per_min"] == round(600 / 22.125, 1)
    assert figures["platform_cpu_ms_per_job"] == 7.0
    assert figures["generator_cpu_ms_per_job"] == 1.0
    assert figures["failures"] == {"submit 503": 2}


def test_the_summary_is_a_table_with_the_failures_below() -> None:
    report = Report(
        "embedded", 1, 0.0, 0.0, [Outcome(0.0, 0.1, failure="stream 404"), Outcome(0.0, 0.1)], 0.0
    )
    text = summary([report])
    assert text.count("\n|") == 2
    assert "* embedded, 1 users: 1 x stream 404" in text
    assert len(as_json(report)["outcomes"]) == 2


def test_processes_are_named_by_what_they_run() -> None:
    assert (
        label("python", ["/x/bin/python", "-m", "functions.runtime", "all", "--fd", "3"])
        == "functions.runtime all"
    )
    assert label("python3.11", ["python3.11", "/x/bin/eco2", "up", "--port", "1"]) == "eco2 up"
    assert label("postgres", ["postgres: walwriter "]) == "postgres"
    assert label("valkey-server", ["/x/valkey-server 127.0.0.1:6379"]) == "valkey-server"
    assert label("python", ["python", "-m", "brokers.rabbitmq"]) == "brokers.rabbitmq"
    assert label("beam.smp", ["/usr/lib/erlang/beam.smp"]) == "rabbitmq"
