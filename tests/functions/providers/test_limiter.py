"""Places at a provider: never more than allowed, in order, and never lost."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.providers.errors import ModelUnavailable
from functions.providers.limiter import Limiter
from tests.functions.providers.conftest import until


async def hold(limiter: Limiter, release: asyncio.Event, tokens: int = 1, wait_s: float = 10) -> None:
    async with limiter.slot("m", tokens, wait_s=wait_s):
        await release.wait()


async def test_no_more_than_the_concurrency_at_once() -> None:
    limiter, release = Limiter("p", concurrency=3), asyncio.Event()
    calls = [asyncio.create_task(hold(limiter, release)) for _ in range(10)]
    await asyncio.sleep(0)
    assert (limiter.in_flight, limiter.waiting) == (3, 7)
    release.set()
    await asyncio.gather(*calls)
    assert (limiter.in_flight, limiter.waiting) == (0, 0)


async def test_first_come_first_served() -> None:
    limiter, order = Limiter("p", concurrency=1), list[int]()

    async def call(number: int) -> None:
        async with limiter.slot("m", 1, wait_s=10):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(call(number) for number in range(20)))
    assert order == list(range(20))


async def test_the_wait_is_bounded() -> None:
    limiter, release = Limiter("p", concurrency=1), asyncio.Event()
    holder = asyncio.create_task(hold(limiter, release))
    await asyncio.sleep(0)
    with pytest.raises(ModelUnavailable) as raised:
        await hold(limiter, release, wait_s=0.02)
    assert raised.value.reason == "busy"
    assert limiter.waiting == 0
    release.set()
    await holder
    assert limiter.in_flight == 0


async def test_a_cancelled_caller_leaves_the_queue() -> None:
    limiter, release = Limiter("p", concurrency=1), asyncio.Event()
    holder = asyncio.create_task(hold(limiter, release))
    gone, next_one = (asyncio.create_task(hold(limiter, release)) for _ in range(2))
    await until(lambda: limiter.waiting == 2)
    gone.cancel()
    release.set()
    await asyncio.gather(holder, next_one)
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert (limiter.in_flight, limiter.waiting) == (0, 0)


async def test_a_caller_cancelled_in_the_moment_of_its_turn_gives_it_back() -> None:
    limiter, release = Limiter("p", concurrency=1, tokens_per_minute=100), asyncio.Event()
    release.set()
    async with limiter.slot("m", 1, wait_s=10):
        gone = asyncio.create_task(hold(limiter, release))
        await until(lambda: limiter.waiting == 1)
    assert (limiter.in_flight, limiter.waiting) == (1, 0)  # its turn is set, but it has not run yet
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert limiter.in_flight == 0
    await hold(limiter, release)


class Minutes:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_tokens_run_out_and_come_back_with_time() -> None:
    clock, release = Minutes(), asyncio.Event()
    limiter = Limiter("p", concurrency=100, tokens_per_minute=600, clock=clock)
    release.set()
    await hold(limiter, release, tokens=600)
    with pytest.raises(ModelUnavailable):
        await hold(limiter, release, tokens=100, wait_s=0.01)
    clock.now = 10.0  # 100 tokens later
    await hold(limiter, release, tokens=100)


async def test_a_waiting_call_starts_by_itself_when_tokens_are_back() -> None:
    limiter, release = Limiter("p", concurrency=10, tokens_per_minute=60_000), asyncio.Event()
    release.set()
    await hold(limiter, release, tokens=60_000)
    await hold(limiter, release, tokens=20)  # 20 ms of tokens


async def test_a_call_larger_than_a_minute_passes_when_the_bucket_is_full() -> None:
    limiter, release = Limiter("p", concurrency=10, tokens_per_minute=100), asyncio.Event()
    release.set()
    await hold(limiter, release, tokens=5_000)


async def test_what_was_really_used_is_settled() -> None:
    clock, release = Minutes(), asyncio.Event()
    limiter = Limiter("p", concurrency=10, tokens_per_minute=1_000, clock=clock)
    release.set()
    async with limiter.slot("m", 900, wait_s=1) as slot:
        slot.used = 100
    await hold(limiter, release, tokens=900)


async def test_a_pause_holds_everyone_back_and_a_long_one_is_told_at_once() -> None:
    limiter, release = Limiter("p", concurrency=10), asyncio.Event()
    release.set()
    limiter.pause(0.03)
    await hold(limiter, release, wait_s=10)
    limiter.pause(60)
    with pytest.raises(ModelUnavailable) as raised:
        await hold(limiter, release, wait_s=5)
    assert raised.value.reason == "rate_limited"
    assert raised.value.retry_after_s == pytest.approx(60, abs=1)


@settings(max_examples=40, deadline=None)
@given(
    calls=st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=30),
    concurrency=st.integers(1, 4),
)
def test_whatever_is_cancelled_no_place_is_lost(calls: list[tuple[int, bool]], concurrency: int) -> None:
    async def run() -> None:
        limiter, most = Limiter("p", concurrency=concurrency), 0

        async def call(ticks: int) -> None:
            nonlocal most
            async with limiter.slot("m", 1, wait_s=10):
                most = max(most, limiter.in_flight)
                for _ in range(ticks):
                    await asyncio.sleep(0)

        tasks = []
        for ticks, cancelled in calls:
            tasks.append(asyncio.create_task(call(ticks)))
            if cancelled:
                await asyncio.sleep(0)
                tasks[-1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most <= concurrency
        assert (limiter.in_flight, limiter.waiting) == (0, 0)

    asyncio.run(run())
