"""The work in hand: bounded, cancelled by subject, handed back."""

from __future__ import annotations

import asyncio

import pytest

from functions.runtime.work import Stopped, Work, WorkStopped


async def hang(work: Work, subject: str, timeout_s: float = 60) -> Stopped:
    with pytest.raises(WorkStopped) as stopped:
        async with work.on(subject, timeout_s):
            await asyncio.sleep(60)
    return stopped.value.reason


async def begun(work: Work, count: int) -> None:
    async with asyncio.timeout(10):
        while len(work) < count:
            await asyncio.sleep(0)


async def test_work_ends_at_its_timeout() -> None:
    assert await hang(Work(), "a", 0.01) is Stopped.TIMEOUT


async def test_only_the_work_of_a_cancelled_subject_ends() -> None:
    work = Work()
    first, twin, other = (asyncio.create_task(hang(work, subject)) for subject in ("a", "a", "b"))
    await begun(work, 3)
    work.cancel("a")
    work.cancel("nobody works on this")
    assert [await first, await twin] == [Stopped.CANCELLED] * 2
    assert not other.done()
    assert len(work) == 1
    work.stop()
    assert await other is Stopped.STOPPING
    assert len(work) == 0


async def test_whoever_ends_it_last_is_the_reason() -> None:
    work = Work()
    task = asyncio.create_task(hang(work, "a"))
    await begun(work, 1)
    work.cancel("a")
    work.stop()
    assert await task is Stopped.STOPPING


async def test_work_that_is_done_is_no_longer_in_hand() -> None:
    work = Work()
    async with work.on("a", 1):
        assert len(work) == 1
    assert len(work) == 0
    work.cancel("a")


async def test_a_timeout_inside_the_work_is_its_own() -> None:
    with pytest.raises(TimeoutError):
        async with Work().on("a", 60):
            raise TimeoutError


async def test_a_cancelled_task_stays_cancelled() -> None:
    work = Work()
    task = asyncio.create_task(hang(work, "a"))
    await begun(work, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(work) == 0
