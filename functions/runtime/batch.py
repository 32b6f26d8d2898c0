"""Rows of concurrent deliveries written together: each caller waits until its own row is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from functions.runtime.errors import Retry

T = TypeVar("T")
ROWS = 50
WAIT_S = 0.02


class Batch(Generic[T]):
    """Calls `write` with up to `rows` rows, at most `wait_s` after the first of them came.

    `write` commits all rows or none and may see a row twice. When it refuses a batch for another reason than
    the database's state (Retry), the rows are written one by one, so that one bad row spoils only its own.
    """

    def __init__(
        self, write: Callable[[Sequence[T]], Awaitable[None]], *, rows: int = ROWS, wait_s: float = WAIT_S
    ) -> None:
        self._write, self._rows, self._wait_s = write, rows, wait_s
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._flushes: set[asyncio.Task[None]] = set()

    async def add(self, row: T) -> None:
        """Return once `row` is committed. Raises what `write` raised for it."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()
        self._waiting.append((row, written))
        if len(self._waiting) >= self._rows:
            self._flush()
        elif self._timer is None:
            self._timer = loop.call_later(self._wait_s, self._flush)
        await written

    def _flush(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        task = asyncio.create_task(self._commit(batch))
        self._flushes.add(task)  # the loop itself keeps no task alive
        task.add_done_callback(self._flushes.discard)

    async def _commit(self, batch: list[tuple[T, asyncio.Future[None]]]) -> None:
        try:
            await self._write([row for row, _ in batch])
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, Retry):
                for single in batch:
                    await self._commit([single])
                return
            for _, written in batch:
                if not written.done():
                    written.set_exception(error)
            return
        for _, written in batch:
            if not written.done():  # its delivery may have timed out meanwhile
                written.set_result(None)
