from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from eventing import scripts
from eventing.progress import keys
from eventing.progress.events import Progress, ProgressEntry
from eventing.progress.streams import ENDED_TTL_S, JOB_TTL_S, ProgressStreams
from tests.eventing.progress.conftest import JOB, Relay, scan


async def kept(redis: Redis, job_id: str = JOB) -> list[ProgressEntry]:
    return [ProgressEntry.parse(raw) for raw in await redis.lrange(keys.history("scan", job_id), 0, -1)]  # type: ignore[arg-type]


async def test_events_of_a_job_are_numbered_from_one(relay: Relay, steps: list[Progress]) -> None:
    assert [await relay.streams.publish(step) for step in steps] == list(range(1, 11))

    assert [entry.seq for entry in await kept(relay.redis)] == list(range(1, 11))
    shard = await keys.command(relay.redis, "XRANGE", keys.shard_stream("scan", 0), "-", "+")
    assert [ProgressEntry.parse(fields[b"entry"]) for _, fields in shard] == await kept(relay.redis)


async def test_the_same_stage_and_status_is_published_once(relay: Relay, steps: list[Progress]) -> None:
    assert await relay.streams.publish(steps[1]) == 1
    assert await relay.streams.publish(replace(steps[1], message="again")) is None
    assert await relay.streams.publish(steps[2]) == 2
    assert await relay.redis.xlen(keys.shard_stream("scan", 0)) == 2


async def test_tokens_repeat(relay: Relay) -> None:
    token = Progress(JOB, "token", "streaming", message="안")

    assert [await relay.streams.publish(token) for _ in range(3)] == [1, 2, 3]


async def test_events_that_are_published_together_keep_their_order(
    relay: Relay, steps: list[Progress]
) -> None:
    token = Progress(JOB, "token", "streaming", message="안")
    told = [steps[0], steps[1], token, steps[1], token]

    assert await relay.streams.publish_all(told, floor=7) == [7, 8, 9, None, 10]
    assert [entry.stage for entry in await kept(relay.redis)] == [one.stage for one in (*told[:3], token)]


async def test_jobs_that_share_a_round_trip_get_their_own_numbers(
    relay: Relay, steps: list[Progress]
) -> None:
    others = [replace(step, job_id="6f0e2f9a-6f1d-4d3c-8a56-6a64a1b4f1c0") for step in steps[:3]]

    mine, theirs, third = await asyncio.gather(
        relay.streams.publish_all(steps[:2], floor=1),
        relay.streams.publish_all(others, floor=5),
        relay.streams.publish(steps[2]),
    )
    assert (mine, theirs, third) == ([1, 2], [5, 6, 7], 3)


async def test_a_connection_that_redis_closed_is_tried_again(relay: Relay, steps: list[Progress]) -> None:
    await relay.stop_routers()
    for number, step in enumerate(steps, start=1):
        await keys.command(relay.redis, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")
        assert await relay.streams.publish(step) == number


@pytest.mark.parametrize("failure", [RedisConnectionError, RedisTimeoutError, OutOfMemoryError])
async def test_tokens_whose_answer_was_lost_are_not_told_twice(
    relay: Relay, monkeypatch: pytest.MonkeyPatch, failure: type[RedisError]
) -> None:
    async def run(*arguments: Any) -> list[Any]:
        await answered(*arguments)
        raise failure("after Redis had done it")

    answered = scripts.run
    monkeypatch.setattr(scripts, "run", run)
    tokens = [Progress(JOB, "token", "streaming", message=each) for each in "안녕"]
    told = await asyncio.gather(*map(relay.streams.publish, tokens), return_exceptions=True)

    assert [type(one) for one in told] == [failure] * 2
    assert len(await kept(relay.redis)) == 2


async def test_nothing_follows_the_end(relay: Relay, steps: list[Progress]) -> None:
    cancelled = Progress(JOB, "error", "cancelled", error="cancelled")

    assert await relay.streams.publish(steps[0]) == 1
    assert await relay.streams.publish(cancelled) == 2
    assert await relay.streams.publish(steps[-1]) is None
    assert await relay.streams.publish(cancelled) is None


async def test_a_floor_keeps_the_numbering_when_redis_was_lost(relay: Relay, steps: list[Progress]) -> None:
    for step in steps[:4]:
        await relay.streams.publish(step, floor=step.seq)
    await relay.redis.flushall()
    await relay.redis.script_flush()

    assert await relay.streams.publish(steps[4], floor=5) == 5
    assert await relay.streams.publish(steps[5]) == 6


async def test_a_number_is_kept_and_a_number_the_job_is_past_is_not_published(
    relay: Relay, steps: list[Progress]
) -> None:
    assert await relay.streams.publish(steps[0], number=1) == 1
    assert await relay.streams.publish(steps[3], number=4) == 4
    assert await relay.streams.publish(steps[2], number=3) is None
    await relay.redis.flushall()
    assert await relay.streams.publish(steps[5], number=6) == 6
    assert await relay.streams.publish(steps[0], number=1) is None
    assert await relay.streams.publish(Progress(JOB, "error", "failed"), number=3) == 7


async def test_everything_expires_and_the_history_of_an_ended_job_soon(
    relay: Relay, steps: list[Progress]
) -> None:
    for step in steps[:-1]:
        await relay.streams.publish(step)
    assert ENDED_TTL_S < await relay.redis.ttl(keys.history("scan", JOB)) <= JOB_TTL_S
    await relay.streams.publish(steps[-1])

    assert 0 < await relay.redis.ttl(keys.history("scan", JOB)) <= ENDED_TTL_S
    assert ENDED_TTL_S < await relay.redis.ttl(keys.job("scan", JOB)) <= JOB_TTL_S


async def test_tokens_give_new_keys_a_life_and_prolong_none(relay: Relay, steps: list[Progress]) -> None:
    token = Progress(JOB, "token", "streaming", message="안")
    kept_in = [keys.history("scan", JOB), keys.job("scan", JOB)]
    await relay.streams.publish(token)
    for key in kept_in:
        assert ENDED_TTL_S < await relay.redis.ttl(key) <= JOB_TTL_S
        await relay.redis.expire(key, 60)
    await relay.streams.publish(token)
    assert all([0 < await relay.redis.ttl(key) <= 60 for key in kept_in])
    await relay.streams.publish(steps[1])
    assert all([ENDED_TTL_S < await relay.redis.ttl(key) <= JOB_TTL_S for key in kept_in])
    assert [entry.seq for entry in await kept(relay.redis)] == [1, 2, 3]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=25),
    lost_at=st.none() | st.integers(0, 25),
)
def test_any_order_with_repeats_is_numbered_upwards_and_once(
    valkey_url: str, order: list[tuple[int, bool]], lost_at: int | None
) -> None:
    async def publish_all() -> None:
        async with Redis.from_url(valkey_url) as redis:
            await redis.flushall()
            streams, steps = ProgressStreams(redis, "scan"), scan()
            seqs: list[int] = []
            published: set[int] = set()
            for n, (index, with_floor) in enumerate(order):
                if n == lost_at:
                    await redis.flushall()
                    seqs, published = [], set()
                step = steps[index]
                seq = await streams.publish(step, floor=step.seq if with_floor else 1)
                assert (seq is None) == (index in published)
                published.add(index)
                if seq is not None:
                    assert seq >= (step.seq if with_floor else 1)
                    seqs.append(seq)
            assert seqs == sorted(set(seqs))
            assert [entry.seq for entry in await kept(redis)] == seqs

    asyncio.run(publish_all())
