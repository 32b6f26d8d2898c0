"""A circuit breaker, which leaves a server outside that keeps failing alone for a while."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

State = Literal["closed", "open", "half_open"]

WINDOW: Final = 20
WINDOW_S: Final = 60.0


class CircuitOpen(Exception):
    """The server failed too often just now; it may be asked again after `retry_after_s`."""

    def __init__(self, name: str, retry_after_s: float) -> None:
        super().__init__(f"{name} is left alone for {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class Breaker:
    """The breaker of one server; `unhealthy` tells of an error whether it speaks against the server.

    Closed until at least `failures` and at least half of the last 20 calls (of a minute) failed. Then
    open for `open_s`, then half-open: one call may probe; its success closes, its failure opens again.
    """

    def __init__(
        self,
        name: str,
        unhealthy: Callable[[Exception], bool],
        *,
        failures: int = 5,
        open_s: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._unhealthy = unhealthy
        self._failures = failures
        self._open_s = open_s
        self._clock = clock
        self._recent: deque[tuple[float, bool]] = deque(maxlen=max(WINDOW, failures))
        self._opened_at: float | None = None
        self._probing = False

    @property
    def state(self) -> State:
        if self._opened_at is None:
            return "closed"
        return "half_open" if self._clock() - self._opened_at >= self._open_s else "open"

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Watch one call. Raises CircuitOpen instead of letting it through."""
        probe = self._admit()
        try:
            yield
        except Exception as error:
            self._record(ok=not self._unhealthy(error), probe=probe)
            raise
        else:
            self._record(ok=True, probe=probe)
        finally:
            # Also a cancelled probe makes room for the next one.
            if probe:
                self._probing = False

    def _admit(self) -> bool:
        state = self.state
        if state == "closed":
            return False
        if state == "open" or self._probing:
            since = self._clock() - (self._opened_at or 0.0)
            raise CircuitOpen(self.name, max(0.0, self._open_s - since))
        self._probing = True
        return True

    def _record(self, *, ok: bool, probe: bool) -> None:
        now = self._clock()
        if probe:
            self._opened_at = None if ok else now
            self._recent.clear()
            return
        if self._opened_at is not None:
            return  # a call from before the circuit opened says nothing new
        self._recent.append((now, ok))
        fresh = [good for at, good in self._recent if now - at <= WINDOW_S]
        failed = fresh.count(False)
        if not ok and failed >= self._failures and 2 * failed >= len(fresh):
            self._opened_at = now
