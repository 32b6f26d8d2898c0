from __future__ import annotations

import argparse
import os
from typing import Any

from bench.meter import Meter
from bench.relay import relay
from bench.streams import OpenStream, measure, relay_alone, submitted
from bench.users import Users
from bench.wire import Browser
from tests.bench.platform import TinyPlatform, event


async def measured(platform: TinyPlatform, streams: int) -> dict[str, Any]:
    async with platform.running():
        users = Users(platform.url)
        listeners = await submitted(users, "x", streams)
        figures = await measure(listeners, platform.publish, rate=400, seconds=0.5, wait_s=0.3)
        await users.close()
    return figures


async def test_every_published_event_is_timed_on_its_stream() -> None:
    figures = await measured(TinyPlatform(held=True), streams=30)
    assert figures["published"] == 200
    assert (figures["lost"], figures["repeated"], figures["unordered"]) == (0, 0, 0)
    assert figures["closed_early"] == {}
    assert 0 < figures["delay_p50_ms"] <= figures["delay_p99_ms"] <= figures["delay_p100_ms"]


async def test_events_that_never_come_are_lost() -> None:
    figures = await measured(TinyPlatform(held=True, unlucky=lambda seq: seq % 10 == 0), streams=5)
    assert figures["lost"] == 20


async def test_streams_that_end_are_named_and_lose_nothing() -> None:
    figures = await measured(TinyPlatform(), streams=4)
    assert figures["closed_early"] == {"ended": 4}
    assert figures["lost"] == 0


def test_repeated_and_unordered_events_are_counted() -> None:
    listener = OpenStream("job-1", Browser("127.0.0.1", 1), "/")
    first = event("job-1", 1, "vision", "bench-1", message="1")
    listener.feed(event("job-1", 3, "vision", "bench-3", message="1") + first + first)
    assert (listener.repeated, listener.unordered) == (1, 2)


async def test_the_relay_alone_delivers_to_every_stream() -> None:
    options = argparse.Namespace(streams=20, rate=200.0, seconds=0.5)
    with relay() as running:
        figures = await relay_alone(running, options, Meter(os.getpid(), without=[os.getpid()]))
    assert (figures["streams"], figures["published"]) == (20, 100)
    assert (figures["lost"], figures["repeated"], figures["unordered"]) == (0, 0, 0)
    assert "bench.relay gateway" in figures["platform_cpu_s_by_process"]
