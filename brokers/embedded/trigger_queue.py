"""The queue of one trigger in memory, a window on its rows in the journal."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from brokers.dispatch import Dispatcher, Settled
from brokers.embedded.journal import Journal, Row

WINDOW_EVENTS = 512
WINDOW_BYTES = 8 * 1024 * 1024
_AGAIN_S = 1.0


class TriggerQueue:
    """The queue of one trigger: rows in order of acceptance, at most `in_flight` of them being delivered.

    At most WINDOW_EVENTS (or WINDOW_BYTES of data) wait here; the rest lies in the journal and is paged in
    when half of the window is delivered.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        journal: Journal,
        led_to: Callable[[Settled, Dispatcher], Sequence[Row]],
    ) -> None:
        self.dispatcher = dispatcher
        self.paused = True
        self._journal = journal
        self._led_to = led_to
        self._name = dispatcher.trigger.name
        self._limit = dispatcher.trigger.in_flight
        self._ready: deque[Row] = deque()
        self._bytes = 0
        self._last_seq = 0
        self._beyond = False  # the journal holds rows after _last_seq that are not here
        self._paging = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def in_flight(self) -> int:
        """The number of events being delivered, waiting for a retry included."""
        return len(self._tasks)

    @property
    def waiting(self) -> int:
        """The number of events in memory that wait for their turn."""
        return len(self._ready)

    def offer(self, row: Row) -> None:
        """Take a row that was committed; rows come in order of seq."""
        if self._beyond or len(self._ready) >= WINDOW_EVENTS or self._bytes >= WINDOW_BYTES:
            self._beyond = True
            return
        self._take(row)
        self.pump()

    def resume(self) -> None:
        """Read what an earlier process left; called before anything is offered."""
        self._beyond = True
        self._page()

    def pump(self) -> None:
        """Start deliveries as far as the limit allows."""
        if self.paused:
            return
        while self._ready and len(self._tasks) < self._limit:
            row = self._ready.popleft()
            self._bytes -= len(row.event.data)
            task = asyncio.create_task(self._deliver(row))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        if self._beyond and len(self._ready) <= WINDOW_EVENTS // 2 and self._bytes <= WINDOW_BYTES // 2:
            self._page()

    async def stop(self, grace_s: float) -> None:
        """Start no more deliveries; what is under way after `grace_s` is left to the next process."""
        self.paused = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, row: Row) -> None:
        try:
            settled = await self.dispatcher.deliver(
                row.event,
                failures=row.failures,
                wait_s=row.wait_s,
                on_retry=lambda failures, wait_s: self._journal.count_failure(
                    self._name, row.seq, failures, wait_s
                ),
            )
        except Exception:  # a fault of ours: not settled, so it is tried again
            asyncio.get_running_loop().call_later(_AGAIN_S, self._again, row)
            raise
        self._journal.settle(self._name, row.seq, self._led_to(settled, self.dispatcher))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"delivery to {self._name} broke", "exception": error, "task": task}
            )
        self.pump()

    def _again(self, row: Row) -> None:
        self._ready.append(row)
        self._bytes += len(row.event.data)
        self.pump()

    def _take(self, row: Row) -> None:
        self._ready.append(row)
        self._bytes += len(row.event.data)
        self._last_seq = row.seq

    def _page(self) -> None:
        if not self._paging:
            self._paging = True
            self._journal.page(self._name, self._last_seq, WINDOW_EVENTS // 2, self._paged)

    def _paged(self, rows: list[Row]) -> None:
        self._paging = False
        self._beyond = len(rows) == WINDOW_EVENTS // 2
        for row in rows:
            self._take(row)
        self.pump()
