"""The blacklist in Redis: revoked tokens and sessions as keys that live as long as they could be used, and as news.

`blacklist:{id}` is for whoever asks about one; the stream NEWS is what every process that checks tokens follows, since
an event reaches one process of a function only.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from functions.runtime.errors import Retry
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from functions.auth.events import TokensRevoked
    from functions.runtime.resources import Resources

NEWS = "auth:revoked"
MOST_NEWS = 10_000
"""Followers are a moment behind; one that is further reads the table instead."""


class Blacklist(Service):
    """The blacklist, in the Redis of the role `auth`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over Redis."""
        return cls(await resources.redis("auth"))

    async def tell(self, event: TokensRevoked) -> None:
        """Refuse what the event names, everywhere. Doing it again is the same. Raises Retry."""
        from redis.exceptions import RedisError

        until: Mapping[str, float] = {event.session: event.expires_at.timestamp()} | {
            token.id: token.expires_at.timestamp() for token in event.tokens
        }
        now = time.time()
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for identifier, end in until.items():
                    if end > now:
                        pipe.set(f"blacklist:{identifier}", "1", exat=int(end) + 1)
                news: dict[Any, Any] = {"session": event.session, "until": until[event.session]}
                pipe.xadd(NEWS, news, maxlen=MOST_NEWS, approximate=True)
                await pipe.execute()
        except (RedisError, OSError) as error:
            raise Retry("Redis is not reachable", code="REDIS_UNAVAILABLE") from error
