"""The console's first paint is measured in a real browser, as it is and slowed down; what it is sent is small."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from bench.console import GOAL_KB, Opened, main, reached


def test_first_paint_and_what_was_sent_for_it_are_told_and_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["console", "--rounds", "1", "--plots", str(tmp_path)])
    assert main() in {0, 1}  # whether the goal is met is for an idle machine to say
    rows = re.findall(
        r"^\| (this machine|a phone) +\| (\S+) / \S+ +\| (\S+) / \S+ +\| (\S+)", capsys.readouterr().out, re.M
    )
    assert [row[0] for row in rows] == ["this machine", "a phone"]
    for _, painted, usable, kb in rows:
        assert 0 < float(painted) <= float(usable)
        assert 10 < float(kb) <= GOAL_KB
    assert "first paint" in (tmp_path / "console.svg").read_text()


def test_the_goals_are_a_second_and_150_kb() -> None:
    assert reached([Opened(0.9, 3.0, 149)])
    assert not reached([Opened(1.1, 1.2, 149)])
    assert not reached([Opened(0.9, 1.2, 151)])
