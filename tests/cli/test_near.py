"""Whoever misspells a name – of a command, a function, an event type – is told the nearest ones, not all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from cli.near import near

ENGLISH = {"ECO2_LANG": "en"}


def test_the_nearest_names_come_first_and_a_part_of_a_name_will_do() -> None:
    known = ["scan-vision", "scan-rule", "chat-agent"]
    assert near("scan-visoin", known)[0] == "scan-vision"
    assert near("agent", known) == ["chat-agent"]
    assert near("zzz", known) == near("", known) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["scna"], "scan"),
        (["invoke", "scan-visoin"], "scan-vision"),
        (["remove", "function", "scan-visoin"], "scan-vision"),
        (["send", "eco2.scan.clasified"], "eco2.scan.classified"),
        (["new", "function", "scan/weigh", "--on", "eco2.scan.anwsered"], "eco2.scan.answered"),
    ],
)
def test_a_misspelled_name_is_answered_by_the_nearest(
    arguments: list[str], told: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(main, arguments, env={**ENGLISH, "ECO2_HOME": str(tmp_path)})
    assert result.exit_code != 0
    assert f"did you mean {told}" in result.stderr
    assert len(result.stderr) < 300


def test_a_name_like_no_other_is_answered_by_where_all_are() -> None:
    result = CliRunner().invoke(main, ["invoke", "zzz"], env=ENGLISH)
    assert result.stderr.strip() == "eco2: no function 'zzz'; all of them: eco2 functions"


def test_logs_of_what_is_not_there_are_an_error_instead_of_silence(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/broker.log").write_text('{"message": "up"}\n')
    told = {
        name: CliRunner().invoke(main, ["logs", name, "--home", str(tmp_path)], env=ENGLISH)
        for name in ("broker", "scan-rule", "scan-ruel", "brokr")
    }
    assert "up" in told["broker"].output
    assert told["scan-rule"].exit_code == 0  # it has said nothing yet
    assert "did you mean scan-rule" in told["scan-ruel"].stderr
    assert "did you mean broker" in told["brokr"].stderr


def test_a_line_of_the_log_says_nothing_twice(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    line = (
        '"method": "GET", "path": "/x", "status": 200, "flags": "-", "received_bytes": 0, "duration_ms": 21'
    )
    (tmp_path / "logs/edge.log").write_text(
        f'{{"message": "GET /x 200", "traceparent": "00-1-2-01", {line}}}\n'
    )
    shown = CliRunner().invoke(main, ["logs", "--home", str(tmp_path)], env=ENGLISH).output
    assert shown.strip().endswith("edge: GET /x 200 duration_ms=21")
