"""Deliveries as a stream of server-sent events, for operators."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import TYPE_CHECKING, Self

from pydantic_core import to_json
from sse_starlette import ServerSentEvent

from eventing.deliveries import Delivery, after, recent
from functions.runtime.errors import TooMany
from functions.runtime.resources import Service
from functions.runtime.shares import HEAD_S, STREAM_S, Place, Shares

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from functions.runtime.resources import Resources

MOST_WATCHERS = 20
WAIT_MS = 4_000
KEEPALIVE_S = 15.0
_AGAIN_S = 1.0


class WatchedDeliveries(Service):
    """What the Broker delivers, followed by at most MOST_WATCHERS at once: each holds a connection."""

    def __init__(self, redis: Redis, shares: Shares, stopping: asyncio.Event) -> None:
        self._redis, self._shares, self._stopping = redis, shares, stopping

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the streams Redis."""
        return cls(await resources.redis("streams"), await resources.get(Shares), resources.stopping)

    async def follow(self, place: str | None, expires_at: float | None) -> AsyncGenerator[ServerSentEvent]:
        """Records from `place` on, or the latest ones and then what comes. Raises TooMany."""
        watcher = Place("watchers", "operators", secrets.token_hex(8), MOST_WATCHERS, STREAM_S)
        if not await self._shares.hold(watcher, HEAD_S):
            raise TooMany("TOO_MANY_WATCHERS", "Others watch already; close a view first.", after_s=10)
        return self._shares.during(watcher, self._follow(place, expires_at))

    async def _follow(self, place: str | None, expires_at: float | None) -> AsyncGenerator[ServerSentEvent]:
        from redis.exceptions import RedisError

        told = 0.0  # the first answer says that one is connected, also when nothing was delivered yet
        while not self._stopping.is_set():
            if expires_at is not None and time.time() >= expires_at:
                yield ServerSentEvent(event="error", data='{"type":"error","error":"unauthorized"}')
                return
            try:
                if place is None:
                    place, found = await recent(self._redis)
                else:
                    place, found = await after(self._redis, place, WAIT_MS)
            except (RedisError, OSError):
                await asyncio.sleep(_AGAIN_S)
                continue
            if found or not told:
                yield ServerSentEvent(event="deliveries", id=place, data=_json(found))
                told = time.monotonic()
            elif time.monotonic() - told >= KEEPALIVE_S:
                yield ServerSentEvent(event="keepalive", data=f'{{"timestamp":{time.time():.3f}}}')
                told = time.monotonic()


def _json(found: list[Delivery]) -> str:
    return to_json([asdict(record) for record in found]).decode()
