"""The benchmark of grants runs, and finds every row stored once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.grants import main


def test_it_tells_both_records_the_first_time_and_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["grants", "--rows", "500", "--plots", str(tmp_path)])
    main()
    shown = capsys.readouterr().out
    assert "| owners " in shown
    assert "| collections " in shown
    assert (tmp_path / "grants.svg").exists()
