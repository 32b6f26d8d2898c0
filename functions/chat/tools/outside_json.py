"""Asking a public data service: one JSON answer within its breaker, remembered for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from functions.runtime.breaker import Breaker, CircuitOpen
from functions.runtime.cache import Cache
from functions.runtime.outside import OutsideClient, OutsideFailure

if TYPE_CHECKING:
    from redis.asyncio import Redis

MAX_BYTES = 2 * 1024 * 1024


class PublicData:
    """A service of public data. `secrets` are parameters and headers that are not part of what is remembered."""

    def __init__(self, name: str, redis: Redis, *, timeout_s: float, keep_s: int) -> None:
        self.name, self._keep_s = name, keep_s
        self._cache = Cache(redis, f"chat:{name}")
        self._client = OutsideClient(name, timeout_s=timeout_s, max_bytes=MAX_BYTES)
        self.breaker = Breaker(name, _speaks_against)

    async def get(
        self,
        url: str,
        parameters: Mapping[str, str],
        *,
        secret_parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of an answer, from the cache where it was kept. Raises OutsideFailure."""
        key = hashlib.sha256(repr((url, sorted(parameters.items()))).encode()).hexdigest()
        if kept := await self._cache.get(key):
            return kept.body
        try:
            with self.breaker.watch():
                return await self._client.get(url, {**parameters, **(secret_parameters or {})}, headers or {})
        except CircuitOpen as left_alone:
            raise OutsideFailure(str(left_alone)) from None

    async def keep(self, url: str, parameters: Mapping[str, str], body: bytes) -> None:
        """Remember an answer that made sense."""
        key = hashlib.sha256(repr((url, sorted(parameters.items()))).encode()).hexdigest()
        await self._cache.set(key, body, self._keep_s)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _speaks_against(error: Exception) -> bool:
    return isinstance(error, OutsideFailure) and error.unhealthy
