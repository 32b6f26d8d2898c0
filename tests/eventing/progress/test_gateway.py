from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sse_starlette import ServerSentEvent

from embedded.servers.valkey import Valkey
from eventing.progress import keys
from eventing.progress.arrivals import LIMIT
from eventing.progress.events import Progress
from tests.eventing.progress.conftest import (
    JOB,
    TIMEOUT_S,
    WHOLE,
    Relay,
    close,
    number,
    running_relay,
    scan,
    told,
)


async def test_a_stream_gets_everything_so_far_and_then_live(relay: Relay, steps: list[Progress]) -> None:
    for step in steps[:3]:
        await relay.publish(step)
    stream = relay.follow()
    first = await relay.read(stream, 3)
    for step in steps[3:]:
        await relay.publish(step)

    assert told(first + await relay.read(stream)) == WHOLE
    assert relay.gateway.open_streams == 0


def written(events: list[ServerSentEvent]) -> list[bytes]:
    return [event.encode() for event in events]


async def test_the_data_is_the_same_live_from_redis_and_from_the_truth(
    relay: Relay, steps: list[Progress]
) -> None:
    stream = relay.follow()
    live = asyncio.create_task(relay.read(stream))
    for step in steps:
        await relay.publish(step)
    kept = await relay.read(relay.follow())
    await relay.redis.flushall()

    told_again = await relay.read(relay.follow())
    assert written(await live) == written(kept) == written(told_again)
    data = json.loads(str(kept[-1].data))
    assert data["result"] == {"answer": "물로\n헹구기"}
    assert data["seq"] == number(kept[-1]) == 10


@pytest.mark.parametrize("index", range(11))
async def test_a_reconnect_at_every_index_loses_and_repeats_nothing(
    relay: Relay, steps: list[Progress], index: int
) -> None:
    stream = relay.follow()
    publishing = asyncio.create_task(_publish(relay, steps[:index]))
    before = await relay.read(stream, index)
    await close(stream)
    await publishing
    between = min(index + 2, 10)
    await _publish(relay, steps[index:between])
    stream = relay.follow(after=number(before[-1]) if before else None)
    publishing = asyncio.create_task(_publish(relay, steps[between:]))

    assert told(before + await relay.read(stream)) == WHOLE
    await publishing


async def _publish(relay: Relay, steps: list[Progress]) -> None:
    for step in steps:
        await relay.publish(step)
        await asyncio.sleep(0)


@pytest.mark.parametrize("index", range(11))
async def test_a_reconnect_after_the_end_gets_the_rest_also_when_redis_was_lost(
    relay: Relay, steps: list[Progress], index: int
) -> None:
    await _publish(relay, steps)
    for _ in range(2):
        assert told(await relay.read(relay.follow(after=index))) == WHOLE[index:]
        await relay.redis.flushall()


async def test_an_id_beyond_the_end_closes(relay: Relay, steps: list[Progress]) -> None:
    waiting = asyncio.create_task(relay.read(relay.follow(after=999)))
    await _publish(relay, steps)

    assert await waiting == []
    assert await relay.read(relay.follow(after=999)) == []


@pytest.mark.parametrize("index", range(1, 10))
async def test_redis_flushed_at_any_point_costs_nothing(
    relay: Relay, steps: list[Progress], index: int
) -> None:
    connected = asyncio.create_task(relay.read(relay.follow()))
    await _publish(relay, steps[:index])
    await relay.redis.flushall()
    await _publish(relay, steps[index:])

    assert told(await connected) == WHOLE
    assert told(await relay.read(relay.follow(after=2))) == WHOLE[2:]


async def test_a_redis_restarted_empty_in_the_middle_costs_nothing(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "data", persistent=False)
    server.start()
    try:
        async with running_relay(server.url) as relay:
            relay.start_router()
            connected = asyncio.create_task(relay.read(relay.follow()))
            await _publish(relay, scan()[:5])
            await asyncio.to_thread(server.stop)
            relay.truth.append(scan()[5])  # stored, but its progress never reached Redis
            await asyncio.to_thread(server.start)
            await _publish(relay, scan()[6:])

            assert told(await connected) == WHOLE
    finally:
        server.stop()


async def test_a_killed_pubsub_connection_costs_nothing(relay: Relay, steps: list[Progress]) -> None:
    stream = relay.follow()
    seen = []
    for step in steps:
        await relay.publish(step)
        await keys.command(relay.redis, "CLIENT", "KILL", "TYPE", "pubsub")
        seen += await relay.read(stream, 1)

    assert told(seen + await relay.read(stream)) == WHOLE
    assert relay.gateway.channels.reconnects > 1


async def test_router_restarts_cost_nothing(relay: Relay, steps: list[Progress]) -> None:
    connected = asyncio.create_task(relay.read(relay.follow()))
    for step in steps:
        await relay.stop_routers()
        await relay.publish(step)
        relay.start_router()
        await asyncio.sleep(0.01)

    assert told(await connected) == WHOLE


async def test_an_event_that_no_router_ever_sees_comes_with_the_next_keepalive(valkey_url: str) -> None:
    async with running_relay(valkey_url, keepalive_s=0.1) as relay:
        connected = asyncio.create_task(relay.read(relay.follow()))
        await _publish(relay, scan())

        assert told(await connected) == WHOLE


async def test_an_end_that_never_reached_redis_comes_from_the_truth(valkey_url: str) -> None:
    async with running_relay(valkey_url, keepalive_s=0.1) as relay:
        relay.start_router()
        connected = asyncio.create_task(relay.read(relay.follow()))
        await _publish(relay, scan()[:9])
        relay.truth.append(scan()[9])

        assert told(await connected) == WHOLE


async def test_messages_out_of_order_are_sorted_out(relay: Relay, steps: list[Progress]) -> None:
    """Two routers share a shard: their messages may overtake each other."""
    await relay.stop_routers()
    stream = relay.follow()
    waiting = asyncio.create_task(relay.read(stream))
    await relay.subscribed()
    await _publish(relay, steps)
    entries = await relay.redis.lrange(keys.history("scan", JOB), 0, -1)
    for entry in (entries[2], entries[0], entries[2], entries[9], entries[1]):
        await relay.redis.publish(keys.channel(JOB), entry)

    assert told(await waiting) == WHOLE


async def test_a_slow_client_gets_everything_from_a_bounded_memory(relay: Relay) -> None:
    stream = relay.follow()
    waiting = asyncio.create_task(relay.read(stream, 1))
    tokens = [Progress(JOB, "token", "streaming", message=str(n)) for n in range(5 * LIMIT)]
    await relay.streams.publish(tokens[0])
    seen = await waiting
    for token in tokens[1:]:
        await relay.streams.publish(token)
    await relay.streams.publish(scan()[-1])
    arrivals = relay.gateway.channels._listeners[keys.channel(JOB).encode()][0]
    assert len(arrivals.pending) <= LIMIT  # type: ignore[attr-defined]

    seen += await relay.read(stream)
    assert [json.loads(str(sent.data))["message"] for sent in seen[:-1]] == [
        token.message for token in tokens
    ]
    assert seen[-1].event == "done"


async def test_silence_is_filled_with_named_keepalives(valkey_url: str) -> None:
    async with running_relay(valkey_url, keepalive_s=0.05) as relay:
        stream = relay.follow()
        async with asyncio.timeout(TIMEOUT_S):
            sent = [await anext(stream) for _ in range(3)]
        await close(stream)

    assert {each.event for each in sent} == {"keepalive"}
    assert all(set(json.loads(str(each.data))) == {"timestamp"} and each.id is None for each in sent)


async def test_a_login_that_expires_ends_the_stream(relay: Relay, steps: list[Progress]) -> None:
    await relay.publish(steps[0])
    events = await relay.read(relay.follow(expires_at=time.time() + 0.2))

    assert told(events)[0] == WHOLE[0]
    assert events[-1].event == "error"
    data = json.loads(str(events[-1].data))
    assert (data["type"], data["error"], events[-1].id) == ("error", "unauthorized", None)
    assert told(await relay.read(relay.follow(expires_at=time.time() - 1))) == [(None, "error", "failed")]


async def test_an_ended_login_ends_its_streams_at_once_and_no_others(
    relay: Relay, steps: list[Progress]
) -> None:
    await relay.publish(steps[0])
    mine, other = relay.follow(session="mine"), relay.follow(session="other")
    async with asyncio.timeout(TIMEOUT_S):
        assert (await anext(mine)).event == (await anext(other)).event == WHOLE[0][1]
        relay.gateway.end_login("mine")
        events = [event async for event in mine]
    assert json.loads(str(events[-1].data))["error"] == "unauthorized"
    for step in steps[1:]:
        await relay.publish(step)
    assert told(await relay.read(other))[-1][1] == "done"


async def test_a_failed_job_ends_with_error(relay: Relay, steps: list[Progress]) -> None:
    connected = asyncio.create_task(relay.read(relay.follow()))
    await _publish(relay, steps[:2])
    failed = Progress(
        JOB, "error", "failed", message="사진을 읽지 못했어요", error="timeout", failed_stage="vision", seq=3
    )
    await relay.publish(failed)

    events = await connected
    assert told(events) == [*WHOLE[:2], (3, "error", "failed")]
    assert json.loads(str(events[-1].data))["stage"] == "vision"


async def test_streams_of_one_job_share_its_channel(relay: Relay, steps: list[Progress]) -> None:
    streams = [relay.follow() for _ in range(3)]
    reading = [asyncio.create_task(relay.read(stream)) for stream in streams]
    gone = relay.follow()
    await relay.publish(steps[0])
    await relay.read(gone, 1)
    await close(gone)
    await _publish(relay, steps[1:])

    assert all(told(events) == WHOLE for events in await asyncio.gather(*reading))
    assert not relay.gateway.channels._listeners


async def test_a_truth_and_a_redis_out_of_reach_are_waited_for(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "data", persistent=False)
    server.start()
    asked = 0
    try:
        async with running_relay(server.url) as relay:
            await relay.redis.aclose()
            relay.redis.connection_pool.connection_kwargs["retry"] = None
            await asyncio.to_thread(server.stop)

            async def history() -> list[Progress]:
                nonlocal asked
                asked += 1
                if asked == 1:
                    raise RuntimeError("database is out of reach")
                return scan()

            stream = relay.gateway.follow(JOB, after=None, history=history)
            assert told(await relay.read(stream)) == WHOLE
            assert asked == 2
    finally:
        server.stop()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    repeats=st.lists(st.integers(0, 9), max_size=6),
    reconnects=st.lists(st.integers(1, 4), max_size=4),
    flush_before=st.none() | st.integers(1, 9),
)
def test_any_history_of_repeats_reconnects_and_a_flush_reads_the_same(
    valkey_url: str, repeats: list[int], reconnects: list[int], flush_before: int | None
) -> None:
    async def run() -> None:
        async with running_relay(valkey_url) as relay:
            await relay.redis.flushall()
            relay.start_router()
            publishing = asyncio.create_task(_publish_with_repeats(relay, repeats, flush_before))
            seen: list[ServerSentEvent] = []
            for count in reconnects:
                stream = relay.follow(after=number(seen[-1]) if seen else None)
                seen += await relay.read(stream, count)
                await close(stream)
            seen += await relay.read(relay.follow(after=number(seen[-1]) if seen else None))
            await publishing
            assert told(seen) == WHOLE

    asyncio.run(run())


async def _publish_with_repeats(relay: Relay, repeats: list[int], flush_before: int | None) -> None:
    for n, step in enumerate(scan()):
        if n == flush_before:
            await relay.redis.flushall()
        await relay.publish(step)
        for index in repeats:
            if index <= n and n != flush_before:
                await relay.publish(replace(scan()[index]))


async def test_the_stream_has_one_data_line_an_event(relay: Relay) -> None:
    """Line separators that JSON may hold, U+2028 among them, are none of the stream's."""
    result = {"text": "a\r\nb\u2028c"}
    relay.truth = [Progress(JOB, "done", "completed", result=result, seq=1)]
    (sent,) = await relay.read(relay.follow())
    lines = sent.encode().split(b"\n")
    assert [line.partition(b":")[0] for line in lines] == [b"id", b"event", b"data", b"", b""]
    assert b"\r" not in sent.encode()


async def test_what_has_ended_is_known_to_have(relay: Relay) -> None:
    relay.truth = list(scan())
    last = relay.truth[-1].seq
    assert await relay.gateway.ended(JOB, last, relay.history)
    assert not await relay.gateway.ended(JOB, last - 1, relay.history)


async def test_stopping_ends_every_stream(relay: Relay) -> None:
    relay.truth = [Progress(JOB, "queued", "started", seq=1)]
    stream = relay.follow()
    assert len(await relay.read(stream, 1)) == 1
    relay.gateway.stop()
    assert await relay.read(stream) == []
