"""The answer on its way to the user: pieces as they come, at most twenty events a second."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from functions.chat.progress import Telling

INTERVAL_S = 0.05
"""Between two events, at least."""


class TokenStream:
    """Pieces of text that are told together where they come at once or faster than INTERVAL_S."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._loop = asyncio.get_running_loop()
        self._waiting = ""
        self._told_at = float("-inf")
        self._later: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._later:
            self._later.cancel()
        if kind is None:
            self._tell()

    def write(self, piece: str) -> None:
        """Add a piece."""
        self._waiting += piece
        if self._later is None:
            due = max(self._told_at + INTERVAL_S, self._loop.time())
            self._later = self._loop.call_at(due, self._tell)

    def _tell(self) -> None:
        self._later = None
        text, self._waiting = self._waiting, ""
        if text:
            self._told_at = self._loop.time()
            self._telling.token(text)
