"""The benchmark of places runs: every kind of question is asked, and the plan is that of the index."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.locations import main


def test_it_tells_figures_and_the_plan(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["locations", "--places", "2000", "--rounds", "5", "--plots", str(tmp_path)]
    )
    assert main() in {0, 1}  # whether the goal is met is for an idle machine to say
    shown = capsys.readouterr().out
    assert "Index Only Scan using places_at" in shown
    assert "| no filter " in shown
    assert "| the rarest, one kind of waste " in shown
    assert (tmp_path / "locations.svg").exists()
