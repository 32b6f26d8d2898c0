"""Live messages that wait for one open stream: bounded, with a note when one had to be dropped."""

from __future__ import annotations

import asyncio

LIMIT = 64  # entries held for a slow client; beyond that it reads them from the history again


class Arrivals:
    """The live messages of one stream. `behind` says that the history must be read before going on."""

    __slots__ = ("_waker", "behind", "pending")

    def __init__(self) -> None:
        self.pending: list[bytes] = []
        self.behind = False
        self._waker: asyncio.Future[None] | None = None

    def subscribed(self) -> None:
        """Note that the channel is (again) listened to, so that what came before may be missing."""
        self.behind = True
        self._wake()

    def received(self, message: bytes) -> None:
        """Keep a live message. When the client is too slow the oldest is dropped, which the history has."""
        self.pending.append(message)
        if len(self.pending) > LIMIT:
            del self.pending[0]  # never the end of a job, which comes last
            self.behind = True
        self._wake()

    def take(self) -> list[bytes]:
        """Take out everything that is pending, oldest first."""
        taken, self.pending = self.pending, []
        return taken

    async def wait(self, seconds: float) -> None:
        """Return when something has arrived, at the latest after `seconds`."""
        if self.behind or self.pending:
            return
        loop = asyncio.get_running_loop()
        self._waker = loop.create_future()
        timer = loop.call_later(max(seconds, 0.0), self._wake)
        try:
            await self._waker
        finally:
            timer.cancel()
            self._waker = None

    def _wake(self) -> None:
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)
