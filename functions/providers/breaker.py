"""A circuit breaker, which leaves a provider that keeps failing alone for a while."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

from functions.providers.errors import ModelUnavailable, Reason

State = Literal["closed", "open", "half_open"]

UNHEALTHY: Final[frozenset[Reason]] = frozenset(
    {"timeout", "connection", "server_error", "quota", "unauthorized"}
)
"""Reasons that speak against the provider. A rate limit, a refusal or a wrong request does not."""

WINDOW: Final = 20
WINDOW_S: Final = 60.0


class Breaker:
    """The breaker of one provider.

    Closed until at least `failures` and at least half of the last 20 calls (of a minute) failed. Then
    open for `open_s`, then half-open: one call may probe; its success closes, its failure opens again.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int = 5,
        open_s: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
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
    def watch(self, model: str) -> Iterator[None]:
        """Watch one call. Raises ModelUnavailable (circuit_open) instead of letting it through."""
        probe = self._admit(model)
        try:
            yield
        except ModelUnavailable as error:
            self._record(ok=error.reason not in UNHEALTHY, probe=probe)
            raise
        except Exception:
            self._record(ok=True, probe=probe)  # the provider answered; what it said is another matter
            raise
        else:
            self._record(ok=True, probe=probe)
        finally:
            # Also a cancelled probe makes room for the next one.
            if probe:
                self._probing = False

    def _admit(self, model: str) -> bool:
        state = self.state
        if state == "closed":
            return False
        if state == "open" or self._probing:
            since = self._clock() - (self._opened_at or 0.0)
            wait_s = max(0.0, self._open_s - since)
            raise ModelUnavailable(model, "circuit_open", self.name, retry_after_s=wait_s)
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
