"""A batch makes calls that come close together as one, and gives each caller its own answer.

A round trip costs about the same for one row as for fifty, so under load this is what decides how many jobs a
core serves; when little is going on, nothing waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Generic, TypeVar

from process import tracing

T = TypeVar("T")
R = TypeVar("R")
_Waiting = tuple[T, asyncio.Future[R], tracing.SpanContext | None]
ROWS = 50
PACE_S = 0.02


class Batch(Generic[T, R]):
    """A batch of rows for `write`: up to `rows` of them, at once when the last call was `pace_s` ago, else when it is.

    `write` answers in the order of its rows, does all or nothing, and may see a row twice. When it refuses a
    batch the rows are written one by one, so that one bad row spoils only its own – unless the error is one of
    `whole`, such as a server that is down.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        rows: int = ROWS,
        pace_s: float = PACE_S,
        whole: tuple[type[BaseException], ...] = (),
    ) -> None:
        self._write, self._rows, self._pace_s, self._whole = write, rows, pace_s, whole
        self._waiting: list[_Waiting[T, R]] = []
        self._timer: asyncio.Handle | None = None
        self._last = float("-inf")
        self._flushes: set[asyncio.Task[None]] = set()

    async def add(self, row: T) -> R:
        """The answer for `row`, once its batch is done. Raises what `write` raised for it."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._waiting.append((row, answer, tracing.current()))
        if len(self._waiting) >= self._rows:
            self._flush()
        elif self._timer is None:
            due = self._last + self._pace_s
            # Even when it is due: what else is ready in this turn of the loop goes along.
            self._timer = (
                loop.call_soon(self._flush) if due <= loop.time() else loop.call_at(due, self._flush)
            )
        return await answer

    def _flush(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._last = asyncio.get_running_loop().time()
        batch, self._waiting = self._waiting, []
        task = asyncio.create_task(self._call(batch))
        self._flushes.add(task)  # the loop itself keeps no task alive
        task.add_done_callback(self._flushes.discard)

    async def _call(self, batch: list[_Waiting[T, R]]) -> None:
        try:
            with _recorded(batch):
                results = await self._write([row for row, _, _ in batch])
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, self._whole):
                for single in batch:
                    await self._call([single])
                return
            for _, answer, _ in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer, _), result in zip(batch, results, strict=True):
            if not answer.done():  # its caller may have given up meanwhile
                answer.set_result(result)


def _recorded(batch: Sequence[_Waiting[T, R]]) -> AbstractContextManager[object]:
    """A span of what several callers share. It lies in the trace of one of them, with links to the others."""
    if len(batch) == 1:
        return nullcontext()
    links = [tracing.Link(waiting) for _, _, waiting in batch if waiting]
    return tracing.call(
        "batch", lambda: {"eco2.batch.rows": len(batch)}, kind=tracing.SpanKind.INTERNAL, links=links
    )
