"""The work in hand of one process: bounded in time, cancelled by subject, handed back on stop."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum


class Stopped(Enum):
    """The reason why work ended early."""

    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    STOPPING = "stopping"


class WorkStopped(Exception):
    """The work was ended from outside; `reason` tells why."""

    def __init__(self, reason: Stopped) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Work:
    """The work of a process, by subject (a job id)."""

    def __init__(self) -> None:
        self._scopes: dict[str, dict[asyncio.Timeout, Stopped]] = defaultdict(dict)

    @asynccontextmanager
    async def on(self, subject: str, timeout_s: float) -> AsyncIterator[None]:
        """Bound the block to `timeout_s`. Raises WorkStopped when that is over or someone ends it."""
        scope = asyncio.timeout(timeout_s)
        scopes = self._scopes[subject]
        scopes[scope] = Stopped.TIMEOUT
        try:
            async with scope:
                yield
        except TimeoutError:
            if scope.expired():
                raise WorkStopped(scopes[scope]) from None
            raise
        finally:
            del scopes[scope]
            if not scopes:
                self._scopes.pop(subject, None)

    def cancel(self, subject: str) -> None:
        """End the work on `subject`, if there is any."""
        self._end(subject, Stopped.CANCELLED)

    def stop(self) -> None:
        """End all work; the deliveries answer 503, so the broker gives them to another process."""
        for subject in list(self._scopes):
            self._end(subject, Stopped.STOPPING)

    def __len__(self) -> int:
        return sum(map(len, self._scopes.values()))

    def _end(self, subject: str, reason: Stopped) -> None:
        for scope in self._scopes.get(subject, {}):
            self._scopes[subject][scope] = reason
            scope.reschedule(0)
