"""A whole relay on a real Valkey: what a stage publishes, a router and a gateway."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from redis.asyncio import Redis
from sse_starlette import ServerSentEvent

from eventing.progress import keys
from eventing.progress.events import Progress
from eventing.progress.gateway import Gateway
from eventing.progress.router import Router
from eventing.progress.streams import ProgressStreams

JOB = "550e8400-e29b-41d4-a716-446655440000"
TIMEOUT_S = 30.0


def scan(job_id: str = JOB) -> list[Progress]:
    """The ten events of one scan with their numbers."""
    steps = [("queued", "started")]
    for stage in ("vision", "rule", "answer", "reward"):
        steps += [(stage, "started"), (stage, "completed")]
    steps.append(("done", "completed"))
    return [
        Progress(
            *(
                job_id,
                stage,
                status,
                10 * seq,
                "진행 중",
                {"answer": "물로\n헹구기"} if stage == "done" else None,
            ),
            trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
            ts="2026-03-01T09:15:00.000+00:00",
            seq=seq,
        )
        for seq, (stage, status) in enumerate(steps, start=1)
    ]


@dataclass
class Relay:
    """Everything between a stage and a client, with the truth as a list."""

    redis: Redis
    streams: ProgressStreams
    gateway: Gateway
    truth: list[Progress] = field(default_factory=list)
    routers: list[asyncio.Task[None]] = field(default_factory=list)

    def router(self, consumer: str = "router-0") -> Router:
        return Router(self.redis, self.redis, ["scan", "chat"], consumer=consumer, block_ms=100)

    def start_router(self, consumer: str = "router-0") -> None:
        self.routers.append(asyncio.create_task(self.router(consumer).run()))

    async def stop_routers(self) -> None:
        for task in self.routers:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.routers.clear()

    async def publish(self, progress: Progress) -> int | None:
        """As a stage does it: the truth first, then the stream with the event's number."""
        if progress not in self.truth:
            self.truth.append(progress)
        return await self.streams.publish(progress, number=progress.seq)

    async def subscribed(self) -> None:
        """Wait until the gateway listens to the job's channel."""
        async with asyncio.timeout(TIMEOUT_S):
            while not (await self.redis.pubsub_numsub(keys.channel(JOB)))[0][1]:
                await asyncio.sleep(0.01)

    async def history(self) -> Sequence[Progress]:
        return list(self.truth)

    def follow(self, after: int | None = None, **options: Any) -> AsyncIterator[ServerSentEvent]:
        return self.gateway.follow(JOB, after=after, history=self.history, **options)

    async def read(
        self, stream: AsyncIterator[ServerSentEvent], count: int | None = None
    ) -> list[ServerSentEvent]:
        """The next `count` events, or all until the stream ends; keepalives are left out."""
        found: list[ServerSentEvent] = []
        async with asyncio.timeout(TIMEOUT_S):
            while count is None or len(found) < count:
                sent = await anext(stream, None)
                if sent is None:
                    break
                if sent.event != "keepalive":
                    found.append(sent)
        return found


async def close(stream: AsyncIterator[ServerSentEvent]) -> None:
    await stream.aclose()  # type: ignore[attr-defined]


def number(sent: ServerSentEvent) -> int | None:
    return None if sent.id is None else int(sent.id)


def told(events: Sequence[ServerSentEvent]) -> list[tuple[int | None, str, str]]:
    return [(number(sent), str(sent.event), json.loads(str(sent.data))["status"]) for sent in events]


WHOLE = [(step.seq, step.stage, step.status) for step in scan()]


@contextlib.asynccontextmanager
async def running_relay(url: str, *, keepalive_s: float = 15.0) -> AsyncIterator[Relay]:
    redis = Redis.from_url(url)
    relay = Relay(
        redis, ProgressStreams(redis, "scan"), Gateway(redis, redis, "scan", keepalive_s=keepalive_s)
    )
    try:
        yield relay
    finally:
        await relay.stop_routers()
        await relay.gateway.close()
        await redis.aclose()


@pytest.fixture
async def relay(valkey_url: str) -> AsyncIterator[Relay]:
    async with running_relay(valkey_url) as running:
        running.start_router()
        yield running


@pytest.fixture
def steps() -> list[Progress]:
    return scan()
