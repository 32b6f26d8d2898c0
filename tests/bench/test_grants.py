"""The benchmark of grants runs, and finds every row stored once."""

from __future__ import annotations

import sys

import pytest

from bench.grants import main


def test_it_tells_both_records_the_first_time_and_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["grants", "--rows", "500"])
    main()
    shown = capsys.readouterr().out
    assert "| owners " in shown
    assert "| collections " in shown
