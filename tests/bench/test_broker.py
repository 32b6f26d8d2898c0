"""The benchmark of the brokers runs: every event and its answer arrive, a line and a bar for each broker."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.broker import main


def test_it_tells_events_a_second_and_what_each_costs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["--broker", "embedded", "--events", "50", "--rounds", "1", "--at-once", "4"]
    monkeypatch.setattr(sys, "argv", ["broker", *arguments, "--plots", str(tmp_path)])
    main()
    shown = capsys.readouterr().out
    assert shown.startswith("embedded")
    assert "ms CPU an event" in shown
    assert (tmp_path / "broker.svg").exists()
