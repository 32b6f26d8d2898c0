from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from embedded.servers.valkey import Valkey
from eventing.progress import keys
from eventing.progress.events import Progress, ProgressEntry
from eventing.progress.reclaimer import Reclaimer
from eventing.progress.router import Routed, Router
from tests.eventing.progress.conftest import JOB, TIMEOUT_S, Relay, running_relay, scan


class Heard:
    """All messages of all jobs, as a gateway would get them."""

    def __init__(self, redis: Redis) -> None:
        self.pubsub = redis.pubsub()

    async def __aenter__(self) -> Heard:
        await self.pubsub.psubscribe("sse:events:*")
        async with asyncio.timeout(TIMEOUT_S):
            while (await self.pubsub.get_message(timeout=1.0) or {}).get("type") != "psubscribe":
                pass
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.pubsub.aclose()  # type: ignore[no-untyped-call]

    async def next(self, count: int) -> list[ProgressEntry]:
        """The next `count` different events; the router may repeat one."""
        found: dict[int, ProgressEntry] = {}
        async with asyncio.timeout(TIMEOUT_S):
            while len(found) < count:
                message = await self.pubsub.get_message(timeout=1.0)
                if message and message["type"] == "pmessage":
                    entry = ProgressEntry.parse(message["data"])
                    found.setdefault(entry.seq, entry)
        return list(found.values())


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while not await condition():
            await asyncio.sleep(0.02)


async def pending(redis: Redis) -> int:
    summary = await redis.xpending(keys.shard_stream("scan", 0), keys.GROUP)
    return int(summary["pending"])


async def test_events_reach_the_channel_in_order_and_are_acked(relay: Relay, steps: list[Progress]) -> None:
    async with Heard(relay.redis) as heard:
        for step in steps:
            await relay.streams.publish(step)
        assert [entry.seq for entry in await heard.next(10)] == list(range(1, 11))

    await until(lambda: _is_zero(pending(relay.redis)))
    state = json.loads(await relay.redis.get(keys.state("scan", JOB)) or b"")
    assert (state["seq"], state["stage"]) == (10, "done")


async def test_roles_on_two_servers_work_as_well(relay: Relay, steps: list[Progress]) -> None:
    await relay.stop_routers()
    router = relay.router()
    assert router.one_server
    router.one_server = False
    task = asyncio.create_task(router.run())
    async with Heard(relay.redis) as heard:
        for step in steps:
            await relay.streams.publish(step)
        assert [entry.seq for entry in await heard.next(10)] == list(range(1, 11))
    await until(lambda: _is_zero(pending(relay.redis)))
    task.cancel()


async def _is_zero(count: Awaitable[int]) -> bool:
    return await count == 0


async def test_the_state_only_moves_forward(valkey_url: str) -> None:
    async with running_relay(valkey_url) as relay:
        router = relay.router()
        await router.create_groups()
        for step in scan()[:4]:
            await relay.streams.publish(step)
        await router.read_once()
        late = Routed(keys.shard_stream("scan", 0), b"0-1", JOB, b'2 vision\n{"seq":2}')
        await router.relay([late])

        assert json.loads(await relay.redis.get(keys.state("scan", JOB)) or b"")["seq"] == 4


async def test_what_was_read_but_not_published_is_routed_after_a_restart(valkey_url: str) -> None:
    async with running_relay(valkey_url) as relay:
        died = relay.router("pod-a")
        await died.create_groups()
        for step in scan():
            await relay.streams.publish(step)
        died.pubsub, died.one_server = Redis(port=1), False  # the pubsub role is out of reach
        with pytest.raises(RedisConnectionError):
            await died.read_once()
        await died.pubsub.aclose()
        assert await pending(relay.redis) == 10

        async with Heard(relay.redis) as heard:
            relay.start_router("pod-a")
            assert [entry.seq for entry in await heard.next(10)] == list(range(1, 11))
        await until(lambda: _is_zero(pending(relay.redis)))


async def test_a_flush_while_running_is_survived(relay: Relay, steps: list[Progress]) -> None:
    async with Heard(relay.redis) as heard:
        await relay.publish(steps[0])
        await heard.next(1)
        await relay.redis.flushall()
        await relay.redis.script_flush()
        for step in steps[1:]:
            await relay.publish(step)
        assert [entry.seq for entry in await heard.next(9)] == list(range(2, 11))


async def test_a_server_that_restarts_empty_is_survived(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "data", persistent=False)
    server.start()
    try:
        async with running_relay(server.url) as relay:
            relay.start_router()
            async with Heard(relay.redis) as heard:
                await relay.publish(scan()[0])
                await heard.next(1)
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(server.start)
            # The listener below would get a connection of before the restart, which Pub/Sub only finds out by failing.
            await relay.redis.connection_pool.disconnect(inuse_connections=False)
            async with Heard(relay.redis) as heard:
                for step in scan()[1:]:
                    await relay.publish(step)
                assert [entry.seq for entry in await heard.next(9)] == list(range(2, 11))
    finally:
        server.stop()


async def test_an_entry_that_is_no_progress_does_not_stop_the_others(
    relay: Relay, steps: list[Progress]
) -> None:
    stream = keys.shard_stream("scan", 0)
    async with Heard(relay.redis) as heard:
        await relay.redis.xadd(stream, {"what": "ever"})
        await relay.redis.xadd(stream, {"job": JOB, "entry": "broken"})
        await relay.publish(steps[0])
        assert [entry.seq for entry in await heard.next(1)] == [1]
    await until(lambda: _is_zero(pending(relay.redis)))


async def never(_: object) -> None:
    raise AssertionError("nothing to quarantine here")


async def read_in_vain(router: Router) -> None:
    await keys.command(
        *(router.streams, "XREADGROUP", "GROUP", keys.GROUP, router.consumer, "COUNT", 100),
        *("STREAMS", *router.names, *[">"] * len(router.names)),
    )


async def test_the_entries_of_a_dead_router_are_reclaimed(valkey_url: str) -> None:
    async with running_relay(valkey_url) as relay:
        dead, alive = relay.router("dead"), relay.router("alive")
        await dead.create_groups()
        for step in scan():
            await relay.streams.publish(step)
        await read_in_vain(dead)

        async with Heard(relay.redis) as heard:
            assert await Reclaimer(alive, never, idle_ms=0).reclaim() == 10
            assert [entry.seq for entry in await heard.next(10)] == list(range(1, 11))
        assert await pending(relay.redis) == 0
        assert await Reclaimer(alive, never, idle_ms=0).reclaim() == 0


async def test_an_entry_delivered_too_often_is_quarantined(valkey_url: str) -> None:
    async with running_relay(valkey_url) as relay:
        router = relay.router()
        await router.create_groups()
        await relay.streams.publish(scan()[0])
        await read_in_vain(router)
        quarantined: list[Routed] = []

        async def quarantine(entries: object) -> None:
            quarantined.extend(entries)  # type: ignore[arg-type]

        reclaimer = Reclaimer(router, quarantine, idle_ms=0, attempts=1)
        assert await reclaimer.reclaim() == 0
        assert [entry.job_id for entry in quarantined] == [JOB]
        assert await pending(relay.redis) == 0


async def test_the_reclaimer_survives_an_empty_redis_and_forgets_no_living_consumer(valkey_url: str) -> None:
    async with running_relay(valkey_url) as relay:
        reclaimer = Reclaimer(relay.router(), never, every_s=0.01, idle_ms=0)
        assert await reclaimer.reclaim() == 0
        task = asyncio.create_task(reclaimer.run())
        await relay.redis.flushall()
        await until(lambda: relay.redis.exists(keys.shard_stream("chat", 3)))
        task.cancel()
