"""A body that is read in gulps: what a model says within a moment is taken, and passed on, together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import httpx2

GULP_S: Final = 0.05
"""Between two reads. Users are told twenty times a second at most; to wake for each token would be work for nothing."""


class Unhurried(httpx2.AsyncByteStream):
    """The body of `response`, in its place; there is a pause after each read from when `hurried` is False."""

    def __init__(self, response: httpx2.Response) -> None:
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        self._body, self.hurried = response.stream, True
        response.stream = self

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for read in self._body:
            yield read
            if not self.hurried:
                await asyncio.sleep(GULP_S)

    async def aclose(self) -> None:
        """Close the body."""
        await self._body.aclose()
