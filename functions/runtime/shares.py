"""Shares: how much of a thing one user may hold or use at once, counted in Redis for all processes together."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

from eventing import scripts
from eventing.batch import Batch
from eventing.scripts import Script, ScriptCall
from functions.runtime.errors import TooMany
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
T = TypeVar("T")
PACE_S = 0.004  # calls of 4 ms share a round trip
STREAM_S = 75.0
"""How long a stream's place outlives a process that died; keepalives come more often."""
HEAD_S = 5.0
"""How long a place is held for a stream that has not begun, as after HEAD."""
AGAIN_S = 5

# KEYS: the sorted set of a user's places, scored by when each ends. ARGV: place, most, milliseconds.
_HOLD = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[3]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.max(ARGV[3], redis.call('PTTL', KEYS[1])))
return 1
""")
# KEYS: a user's count in the window that began with the first. ARGV: most, milliseconds.
_SPEND = Script("""
local spent = redis.call('INCR', KEYS[1])
if spent == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if spent <= tonumber(ARGV[1]) then return 1 end
redis.call('DECR', KEYS[1])
return 0
""")


@dataclass(frozen=True, slots=True)
class Place:
    """One of at most `most` places that a user has for things of a kind; it ends by itself after `for_s`."""

    kind: str
    user_id: str
    name: str
    most: int
    for_s: float

    @property
    def key(self) -> str:
        """Where the user's places of this kind are counted."""
        return f"share:{self.kind}:{self.user_id}"


class Shares(Service):
    """What users hold and have used up. While Redis is away nobody is refused: then nothing is counted."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._calls: Batch[ScriptCall, bool] = Batch(self._ask, pace_s=PACE_S)
        self._releasing: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the Redis that never evicts."""
        return cls(await resources.redis("streams"))

    async def hold(self, place: Place, for_s: float | None = None) -> bool:
        """Take a place, or keep one that is held for longer; False when the user has no other left."""
        life_ms = int((place.for_s if for_s is None else for_s) * 1000)
        return await self._calls.add((_HOLD, (1, place.key, place.name, place.most, life_ms)))

    async def release(self, place: Place) -> None:
        """Give a place back; one that could not be ends by itself."""
        from redis.exceptions import RedisError

        try:
            await self._redis.zrem(place.key, place.name)
        except (RedisError, OSError) as error:
            log.warning("a place of %s was not given back: %s", place.kind, type(error).__name__)

    async def spend(self, kind: str, user_id: str, *, most: int, window_s: float) -> bool:
        """Use one of `most` up, which all come back when the window that began with the first is over."""
        key = f"spent:{kind}:{user_id}"
        return await self._calls.add((_SPEND, (1, key, most, int(window_s * 1000))))

    async def stream(self, kind: str, user_id: str, most: int) -> Place:
        """A place for one more stream of the user, to be kept by `during`. Raises TooMany."""
        place = Place(kind, user_id, secrets.token_hex(8), most, STREAM_S)
        if not await self.hold(place, HEAD_S):
            raise TooMany(
                "TOO_MANY_STREAMS",
                f"{most} event streams of yours are open; close one, or ask for the result.",
                policy=kind,
                after_s=AGAIN_S,
            )
        return place

    async def during(self, place: Place, events: AsyncGenerator[T]) -> AsyncGenerator[T]:
        """The events while the place is held: each prolongs it, the end gives it back.

        A stream that begins late may find its place lost and taken by others; then it ends.
        """
        try:
            async with aclosing(events):
                held, kept = await self.hold(place), time.monotonic()
                while held and (event := await anext(events, None)) is not None:
                    yield event
                    if time.monotonic() - kept > place.for_s / 5:
                        held, kept = await self.hold(place), time.monotonic()
        finally:
            # A task of its own: whoever ends a stream has no time for it.
            task = asyncio.create_task(self.release(place), name="release a place")
            self._releasing.add(task)
            task.add_done_callback(self._releasing.discard)

    async def _ask(self, calls: Sequence[ScriptCall]) -> Sequence[bool]:
        """Many calls in one round trip: a crowd must not use up the connections, and so be counted by nobody."""
        from redis.exceptions import RedisError

        try:
            answers = await scripts.run(self._redis, calls)
        except (RedisError, OSError) as error:
            answers = [error] * len(calls)
        failed = [answer for answer in answers if isinstance(answer, Exception)]
        if failed:
            log.warning("%d shares are not counted: %s", len(failed), type(failed[0]).__name__)
        return [isinstance(answer, Exception) or bool(answer) for answer in answers]
