from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.call import Repeated, bare, calls, main, measure


async def test_every_row_is_a_request_that_was_answered() -> None:
    found = await measure(times=1)
    assert list(found) == list(calls())
    assert all(cost_us > 0 for cost_us in found.values())


def test_it_prints_a_row_each_and_draws_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["call", "--times", "1", "--plots", str(tmp_path)])
    main()
    shown = capsys.readouterr().out
    assert all(f"| {name} " in shown for name in calls())
    assert (tmp_path / "call.svg").exists()


async def test_a_wrong_answer_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match="was answered 200, not 204"):
        await Repeated(bare, "/", {}, b"{}", 204).cost_us(1)
