"""Tells whoever watches what this broker delivers: kept in memory for a moment, then written to Redis.

Like spans it is set up once a process and costs nothing where it is not (`ECO2_WATCH=false`). Nothing waits for it:
what Redis does not take is dropped, and so is the oldest when more comes than is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator

from brokers.settings import BrokerSettings
from eventing.cloudevent import CloudEvent
from eventing.deliveries import Delivery, delivery, write
from process.tasks import cancelled

PACE_S = 0.1
MOST_KEPT = 2_000
IN_ONE_ENTRY = 64
_RETRY_S = 2.0
_log = logging.getLogger(__name__)

_seen: deque[Delivery] | None = None


def arrived(event: CloudEvent) -> None:
    """Tell that the ingress took an event."""
    if _seen is not None:
        _seen.append(delivery(event, at=time.time()))


def attempted(
    event: CloudEvent, trigger: str, attempt: int, status: int, seconds: float, error: bytes
) -> None:
    """Tell how one attempt to deliver an event ended."""
    if _seen is not None:
        ended = delivery(
            event,
            at=time.time(),
            trigger=trigger,
            attempt=attempt,
            status=status,
            ms=seconds * 1000,
            error=error,
        )
        _seen.append(ended)


@contextlib.asynccontextmanager
async def watched(settings: BrokerSettings) -> AsyncIterator[None]:
    """Tell of deliveries within the block, unless settings say no or there is no Redis."""
    global _seen
    url = settings.redis_streams_url.get_secret_value()
    if not (settings.watch and url):
        yield
        return
    _seen = deque(maxlen=MOST_KEPT)
    writing = asyncio.create_task(_write(url, _seen), name="watching")
    try:
        yield
    finally:
        _seen = None
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _write(url: str, seen: deque[Delivery]) -> None:
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    redis = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2, max_connections=1)
    reachable = True
    try:
        while not cancelled():  # until the end of the process
            await asyncio.sleep(PACE_S)
            try:
                while seen:
                    await write(redis, [seen.popleft() for _ in range(min(len(seen), IN_ONE_ENTRY))])
                    reachable = True
            except (RedisError, OSError) as error:
                if reachable:
                    _log.warning("nobody can watch what is delivered: %s", type(error).__name__)
                reachable = False
                await asyncio.sleep(_RETRY_S)
    finally:
        await redis.aclose()
