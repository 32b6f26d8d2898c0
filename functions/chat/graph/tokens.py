"""The answer on its way to the user: pieces as they come, at most twenty events a second."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self

from functions.chat.progress import Telling

INTERVAL_S = 0.05


class TokenStream:
    """Pieces of text that are told together where they come faster than INTERVAL_S; the first is told at once."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._waiting = ""
        self._told_at = 0.0
        self._later: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()
        self.began = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._later:
            self._later.cancel()
        if kind is None:
            await self._tell()

    async def write(self, piece: str) -> None:
        """Add a piece."""
        self._waiting += piece
        left_s = self._told_at + INTERVAL_S - time.monotonic()
        if left_s <= 0:
            await self._tell()
        elif self._later is None or self._later.done():
            self._later = asyncio.create_task(self._tell_after(left_s), name="chat tokens")

    async def _tell_after(self, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        await self._tell()

    async def _tell(self) -> None:
        async with self._sending:
            text, self._waiting = self._waiting, ""
            if text:
                self.began, self._told_at = True, time.monotonic()
                await self._telling.token(text)
