"""What one user may hold or use at once, over a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

import pytest
from redis import Redis

from functions.runtime import Resources
from functions.runtime.shares import Place, Shares

PLACE = Place("things", "u1", "a", 2, 60.0)


@pytest.fixture
async def resources(valkey_url: str) -> AsyncIterator[Resources]:
    made = Resources({"ECO2_REDIS_STREAMS_URL": valkey_url})
    yield made
    await made.close()


@pytest.fixture
async def shares(resources: Resources) -> Shares:
    return await resources.get(Shares)


def places(valkey_url: str) -> int:
    with Redis.from_url(valkey_url) as redis:
        return int(redis.zcard(PLACE.key))


async def test_a_user_has_so_many_places_and_another_user_has_others(shares: Shares) -> None:
    a, b, c = (replace(PLACE, name=name) for name in "abc")
    assert await shares.hold(a)
    assert await shares.hold(b)
    assert not await shares.hold(c)
    assert await shares.hold(a), "it is held already"
    assert await shares.hold(replace(c, user_id="u2"))
    assert await shares.hold(replace(c, kind="others"))
    await shares.release(a)
    assert await shares.hold(c)


async def test_of_many_at_once_exactly_as_many_get_a_place(shares: Shares) -> None:
    asked = [replace(PLACE, name=str(number), most=20) for number in range(100)]
    assert sum(await asyncio.gather(*map(shares.hold, asked))) == 20


async def test_a_place_that_nobody_gave_back_ends(shares: Shares, valkey_url: str) -> None:
    for name in "ab":
        assert await shares.hold(replace(PLACE, name=name), 0.05)
    async with asyncio.timeout(10):
        while not (await shares.hold(replace(PLACE, name="c")) and places(valkey_url) == 1):
            await asyncio.sleep(0.01)
    with Redis.from_url(valkey_url) as redis:
        assert 0 < int(redis.pttl(PLACE.key)) <= 60_000


async def test_what_is_spent_comes_back_with_the_next_window(shares: Shares) -> None:
    spent = [await shares.spend("calls", "u1", most=3, window_s=0.2) for _ in range(5)]
    assert spent == [True, True, True, False, False]
    assert await shares.spend("calls", "u2", most=3, window_s=0.2)
    async with asyncio.timeout(10):
        while not await shares.spend("calls", "u1", most=3, window_s=0.2):
            await asyncio.sleep(0.01)


async def test_many_that_spend_at_once_spend_no_more_than_there_is(shares: Shares) -> None:
    asked = (shares.spend("calls", "u1", most=10, window_s=60) for _ in range(60))
    assert sum(await asyncio.gather(*asked)) == 10


async def test_events_hold_their_place_until_they_end(shares: Shares, valkey_url: str) -> None:
    closed = False

    async def events() -> AsyncGenerator[int]:
        nonlocal closed
        try:
            for number in range(3):
                yield number
        finally:
            closed = True

    place = replace(PLACE, for_s=0.0001)  # so that each event keeps it
    assert [number async for number in shares.during(place, events())] == [0, 1, 2]
    assert closed
    left = shares.during(PLACE, events())
    assert await anext(left) == 0
    assert places(valkey_url) == 1
    closed = False
    await left.aclose()
    assert closed
    async with asyncio.timeout(10):
        while places(valkey_url):
            await asyncio.sleep(0.01)


async def test_events_that_begin_when_others_have_their_place_end(shares: Shares) -> None:
    async def events() -> AsyncGenerator[int]:
        yield 1

    late = replace(PLACE, name="late")
    for name in "ab":
        assert await shares.hold(replace(PLACE, name=name))
    assert [number async for number in shares.during(late, events())] == []


async def test_while_redis_is_away_nobody_is_refused() -> None:
    resources = Resources({"ECO2_REDIS_STREAMS_URL": "redis://127.0.0.1:1/0"})
    shares = await resources.get(Shares)
    assert await shares.hold(PLACE)
    assert await shares.spend("calls", "u1", most=0, window_s=1)
    await shares.release(PLACE)
    await resources.close()
