"""The router and the reclaimer as functions: progress arrives, also what a dead router has left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from eventing.progress import keys
from eventing.progress.events import Progress
from eventing.progress.streams import ProgressStreams
from functions.ops.events import SweepRequested
from functions.runtime import telemetry
from functions.runtime.registry import load
from functions.stream.reclaim.func import reclaim
from functions.stream.relay import QUARANTINE, ProgressReclaimer, ProgressRouter
from functions.stream.router.func import router
from tests.functions.asgi_client import Functions


@pytest.fixture
async def functions(valkey_url: str) -> AsyncIterator[Functions]:
    functions = Functions({f"ECO2_REDIS_{role}_URL": valkey_url for role in ("STREAMS", "PUBSUB")})
    yield functions
    await functions.close()


async def publish(valkey_url: str, job: str = "job-1") -> None:
    async with Redis.from_url(valkey_url) as redis:
        await ProgressStreams(redis, "scan").publish(Progress(job, "queued", "completed", 0))


async def listened(valkey_url: str, job: str = "job-1") -> bytes:
    """The first message on a job's live channel."""
    async with Redis.from_url(valkey_url) as redis, redis.pubsub() as pubsub:
        await pubsub.subscribe(keys.channel(job))
        await pubsub.get_message(timeout=5)  # that it listens
        await publish(valkey_url, job)
        async with asyncio.timeout(10):
            while True:
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=5)
                if message:
                    return bytes(message["data"])


async def test_the_router_takes_progress_to_the_live_channel(functions: Functions, valkey_url: str) -> None:
    relay = await functions.resources.get(ProgressRouter)
    routing = asyncio.ensure_future(router.declaration.handler(relay))
    try:
        assert b'"stage":"queued"' in await listened(valkey_url)
    finally:
        routing.cancel()
        await asyncio.gather(routing, return_exceptions=True)


async def test_each_process_is_a_consumer_of_its_own(functions: Functions, valkey_url: str) -> None:
    other = Functions({f"ECO2_REDIS_{role}_URL": valkey_url for role in ("STREAMS", "PUBSUB")})
    mine = await functions.resources.get(ProgressRouter)
    theirs = await other.resources.get(ProgressRouter)
    assert mine.consumer != theirs.consumer
    await other.close()


async def test_what_can_not_be_routed_is_kept_for_a_look(functions: Functions, valkey_url: str) -> None:
    reclaimer = await functions.resources.get(ProgressReclaimer)
    reclaimer.idle_ms = reclaimer.attempts = 0  # whatever another consumer has was tried often enough
    async with Redis.from_url(valkey_url) as redis:
        for stream in reclaimer.router.names:
            await redis.xgroup_create(stream, keys.GROUP, id="0", mkstream=True)
        await publish(valkey_url)
        streams: dict[Any, Any] = dict.fromkeys(reclaimer.router.names, ">")
        await redis.xreadgroup(keys.GROUP, "a-dead-router", streams)
        assert (await functions.deliver(reclaim, SweepRequested())).status_code == 204
        found: Any = await redis.xrange(QUARANTINE)
    ((_, kept),) = found
    assert kept[b"stream"].decode() in reclaimer.router.names
    assert b'"stage":"queued"' in kept[b"event"]


async def test_a_sweep_reclaims_and_is_safe_when_there_is_nothing(functions: Functions) -> None:
    assert (await functions.deliver(reclaim, SweepRequested())).status_code == 204
    assert load("stream-reclaim").timeout_s == 30


async def test_the_router_counts_how_jobs_end_and_how_late_their_progress_is(
    functions: Functions, valkey_url: str
) -> None:
    relay = await functions.resources.get(ProgressRouter)
    figures = telemetry.metrics()

    def count(outcome: str) -> float:
        return (
            figures.registry.get_sample_value("eco2_jobs_ended_total", {"domain": "scan", "outcome": outcome})
            or 0.0
        )

    def batches() -> float:
        return figures.registry.get_sample_value("eco2_stream_lag_seconds_count") or 0.0

    before, routed = {each: count(each) for each in ("done", "failed", "cancelled")}, batches()
    async with Redis.from_url(valkey_url) as redis:
        streams = ProgressStreams(redis, "scan")
        await streams.publish(Progress("a", "queued", "started", 0))
        await streams.publish(Progress("a", "done", "completed", 100))
        await streams.publish(Progress("b", "error", "failed", error="stage_failed"))
        await streams.publish(Progress("c", "error", "cancelled", error="cancelled"))
    relay.block_ms = 50
    await relay.create_groups()
    while await relay.read_once():
        pass
    assert {each: count(each) - before[each] for each in before} == {"done": 1, "failed": 1, "cancelled": 1}
    assert batches() > routed
