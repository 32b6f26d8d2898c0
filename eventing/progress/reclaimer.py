"""The reclaimer relays entries again whose consumer died before the ack, and quarantines after too many attempts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from eventing.progress import keys
from eventing.progress.router import COUNT, Routed, Router, read_entries
from process.tasks import cancelled

_log = logging.getLogger(__name__)
EVERY_S = 60.0
IDLE_MS = 300_000
ATTEMPTS = 5
_CONSUMER_GONE_MS = 3_600_000
Quarantine = Callable[[Sequence[Routed]], Awaitable[None]]


class Reclaimer:
    """A reclaimer over the shards of `router`, through which a reclaimed entry goes like a new one.

    `quarantine` takes entries that were delivered `attempts` times in vain; when it returns they are acked.
    """

    def __init__(
        self,
        router: Router,
        quarantine: Quarantine,
        *,
        every_s: float = EVERY_S,
        idle_ms: int = IDLE_MS,
        attempts: int = ATTEMPTS,
    ) -> None:
        self.router = router
        self.quarantine = quarantine
        self.every_s = every_s
        self.idle_ms = idle_ms
        self.attempts = attempts

    async def run(self) -> None:
        """Reclaim every `every_s` until cancelled; failures wait for the next round."""
        from redis.exceptions import RedisError

        while not cancelled():
            await asyncio.sleep(self.every_s)
            try:
                reclaimed = await self.reclaim()
                if reclaimed:
                    _log.warning("reclaimed %d progress entries of dead consumers", reclaimed)
            except (RedisError, OSError) as error:
                _log.warning("reclaimer: %s", error or type(error).__name__)

    async def reclaim(self) -> int:
        """Make one round over all shards; returns the entries that were relayed. Raises redis.RedisError."""
        total = 0
        for stream in self.router.names:
            cursor = b"0-0"
            while True:
                cursor, raw = await self._claim(stream, cursor)
                total += await self._relay(stream, raw)
                if cursor == b"0-0":
                    break
            await self._forget_dead_consumers(stream)
        return total

    async def _claim(self, stream: str, cursor: bytes) -> tuple[bytes, list[Any]]:
        from redis.exceptions import ResponseError

        try:
            answer = await keys.command(
                self.router.streams,
                *("XAUTOCLAIM", stream, keys.GROUP, self.router.consumer, self.idle_ms, cursor),
                *("COUNT", COUNT),
            )
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self.router.create_groups()  # Redis came back empty; there is nothing to claim
            return b"0-0", []
        return answer[0], answer[1]

    async def _relay(self, stream: str, raw: list[Any]) -> int:
        if not raw:
            return 0
        entries, foreign = read_entries(stream, raw)
        if foreign:
            await self.router.ack([(stream, entry_id) for entry_id in foreign])
        if not entries:
            return 0
        pending = await self.router.streams.xpending_range(
            stream, keys.GROUP, entries[0].id, entries[-1].id, COUNT * 10, self.router.consumer
        )
        delivered = {each["message_id"]: int(each["times_delivered"]) for each in pending}
        spent = [entry for entry in entries if delivered.get(entry.id, 0) > self.attempts]
        if spent:
            _log.error("quarantined %d progress entries, first %s of %s", len(spent), spent[0].id, stream)
            await self.quarantine(spent)
            await self.router.ack([(stream, entry.id) for entry in spent])
        rest = [entry for entry in entries if delivered.get(entry.id, 0) <= self.attempts]
        if rest:
            await self.router.relay(rest)
        return len(rest)

    async def _forget_dead_consumers(self, stream: str) -> None:
        """Remove consumers without entries that are long idle: a pod's name never comes back."""
        for consumer in await self.router.streams.xinfo_consumers(stream, keys.GROUP):
            name = consumer["name"]
            if (
                int(consumer["pending"]) == 0
                and int(consumer["idle"]) > _CONSUMER_GONE_MS
                and name != self.router.consumer.encode()
            ):
                await keys.command(self.router.streams, "XGROUP", "DELCONSUMER", stream, keys.GROUP, name)
