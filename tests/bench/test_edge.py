"""The edge's benchmark runs: every kind of request is answered, every stream is told everything."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.edge import REQUESTS, main


def test_it_tells_the_cost_of_each_kind_of_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["edge", "--times", "5", "--rounds", "1", "--connections", "2", "--plots", str(tmp_path)]
    )
    assert main() == 0
    shown = capsys.readouterr().out
    assert all(kind in shown for kind in REQUESTS)
    assert (tmp_path / "edge.svg").exists()


def test_it_opens_streams_and_waits_for_their_last_event(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["edge", "--streams", "20"])
    assert main() == 0
    assert "'told everything': 20" in capsys.readouterr().out
