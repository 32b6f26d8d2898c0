"""What this broker delivers, told to whoever watches: kept in memory for a moment, then written to Redis.

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
from typing import NamedTuple

from brokers.settings import BrokerSettings
from eventing import deliveries
from eventing.cloudevent import CloudEvent

PACE_S = 0.1
MOST_KEPT = 2_000
IN_ONE_ENTRY = 64
_RETRY_S = 2.0
_log = logging.getLogger(__name__)


class _Seen(NamedTuple):
    event: CloudEvent
    at: float
    trigger: str
    attempt: int
    status: int
    ms: float
    error: bytes


_seen: deque[_Seen] | None = None


def arrived(event: CloudEvent) -> None:
    """Tell that the ingress took an event."""
    if _seen is not None:
        _seen.append(_Seen(event, time.time(), "", 0, 0, 0.0, b""))


def attempted(
    event: CloudEvent, trigger: str, attempt: int, status: int, seconds: float, error: bytes
) -> None:
    """Tell how one attempt to deliver an event ended."""
    if _seen is not None:
        _seen.append(_Seen(event, time.time(), trigger, attempt, status, seconds * 1000, error))


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


async def _write(url: str, seen: deque[_Seen]) -> None:
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    redis = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2, max_connections=1)
    reachable = True
    try:
        while True:  # cancelled at the end of the process
            await asyncio.sleep(PACE_S)
            try:
                while seen:
                    entry = [_record(seen.popleft()) for _ in range(min(len(seen), IN_ONE_ENTRY))]
                    await deliveries.write(redis, entry)
                    reachable = True
            except (RedisError, OSError) as error:
                if reachable:
                    _log.warning("nobody can watch what is delivered: %s", type(error).__name__)
                reachable = False
                await asyncio.sleep(_RETRY_S)
    finally:
        await redis.aclose()


def _record(seen: _Seen) -> deliveries.Delivery:
    return deliveries.delivery(
        seen.event,
        at=seen.at,
        trigger=seen.trigger,
        attempt=seen.attempt,
        status=seen.status,
        ms=seen.ms,
        error=seen.error,
    )
