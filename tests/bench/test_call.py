from __future__ import annotations

import pytest

from bench.call import Repeated, bare, calls, measure


async def test_every_row_is_a_request_that_was_answered() -> None:
    rows = await measure(times=1)
    assert [name for name, _ in rows] == list(calls())
    assert all(float(cost) > 0 for _, cost in rows)


async def test_a_wrong_answer_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match="was answered 200, not 204"):
        await Repeated(bare, "/", {}, b"{}", 204).cost_us(1)
