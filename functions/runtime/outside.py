"""The client for JSON APIs outside: within a time and a size, without redirects, cookies and proxies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from process import tracing

if TYPE_CHECKING:
    import aiohttp

MAX_BYTES: Final = 2 * 1024 * 1024
LONGEST_WAIT_S: Final = 86_400


class OutsideFailure(Exception):
    """A server outside gave no usable answer. The message names no key and nothing of what was asked.

    `status` is None where there was none; `retry_after_s` is what the server asked to wait.
    """

    def __init__(self, reason: str, status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.status, self.retry_after_s = status, retry_after_s

    @property
    def unhealthy(self) -> bool:
        """Whether it speaks against the server, and not against the request."""
        return self.status not in {400, 404, 422}


class OutsideClient:
    """A client with connections of its own, of one event loop; `name` stands in traces."""

    def __init__(self, name: str, *, timeout_s: float, max_bytes: int = MAX_BYTES) -> None:
        self._name, self._timeout_s, self._max_bytes = name, timeout_s, max_bytes
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
        """The body of a 200. Raises OutsideFailure."""
        import aiohttp

        with tracing.call(f"GET {self._name}", dict) as span:  # the address may hold what a user wrote
            try:
                async with (
                    asyncio.timeout(self._timeout_s),
                    self._opened().get(
                        url, params=parameters, headers=headers, allow_redirects=False
                    ) as response,
                ):
                    span.set_attribute("http.response.status_code", response.status)
                    if response.status != 200:
                        wait_s = _seconds(response.headers.get("retry-after", ""))
                        raise OutsideFailure(f"status {response.status}", response.status, wait_s)
                    body = bytearray()
                    async for chunk in response.content.iter_any():
                        body += chunk
                        if len(body) > self._max_bytes:
                            raise OutsideFailure("an answer that is too large")
                    return bytes(body)
            except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
                raise OutsideFailure(type(error).__name__) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"user-agent": "eco2"}, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._session


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and int(text) <= LONGEST_WAIT_S else None
