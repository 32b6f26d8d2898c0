"""A cache in Redis that may be down: then nothing is found in it and nothing kept."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)


class Kept(NamedTuple):
    """A kept body, and for how many seconds it is still kept."""

    body: bytes
    left_s: int


class Cache:
    """A cache for one purpose: `name` begins its keys."""

    def __init__(self, redis: Redis, name: str) -> None:
        self._redis, self._name = redis, name

    async def get(self, key: str) -> Kept | None:
        """What was kept under `key`; None also where Redis is down."""
        from redis.exceptions import RedisError

        try:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.get(f"{self._name}:{key}")
            pipeline.ttl(f"{self._name}:{key}")
            body, left_s = await pipeline.execute()
        except (RedisError, OSError) as error:
            log.warning("cache %s is not there: %s", self._name, type(error).__name__)
            return None
        return Kept(body, max(0, left_s)) if body is not None else None

    async def set(self, key: str, body: bytes | str, seconds: int) -> bool:
        """Keep `body` for so long; whether it was kept."""
        from redis.exceptions import RedisError

        try:
            await self._redis.set(f"{self._name}:{key}", body, ex=seconds)
        except (RedisError, OSError) as error:
            log.warning("cache %s is not there: %s", self._name, type(error).__name__)
            return False
        return True
