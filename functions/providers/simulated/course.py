"""The course of calls to the simulated provider: outcomes by a script for tests, else by rates."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from functions.providers.simulated.settings import Behaviour

Outcome = Literal["ok", "error", "rate_limited", "malformed", "refused", "hang", "cut", "broken"]
"""What happens to one call. `malformed` breaks the schema, `hang` is silent, `cut` drops the connection,
`broken` drops it in the middle of a stream."""

OUTCOMES: Final[frozenset[str]] = frozenset(
    {"ok", "error", "rate_limited", "malformed", "refused", "hang", "cut", "broken"}
)

FAILURES: Final[frozenset[str]] = frozenset({"error", "rate_limited"})
"""Outcomes that are an error status in every format."""


@dataclass(slots=True)
class _Share:
    """A rate, spread evenly and without chance: rate 0.25 strikes calls 4, 8, 12, …"""

    rate: float
    owed: float = 0.0

    def strikes(self) -> bool:
        self.owed += self.rate
        # The small constant keeps 10 x 0.1 from falling just short of 1.
        if self.owed >= 1.0 - 1e-9:
            self.owed -= 1.0
            return True
        return False


@dataclass(slots=True)
class Course:
    """The outcome of each next call."""

    behaviour: Behaviour
    clock: Callable[[], float] = time.monotonic
    script: deque[Outcome] = field(default_factory=deque)
    retry_after_s: float = 0.0
    _window_start: float = 0.0
    _window_calls: int = 0
    _shares: tuple[tuple[Outcome, _Share], ...] = ()

    def __post_init__(self) -> None:
        self._shares = (
            ("error", _Share(self.behaviour.error_rate)),
            ("refused", _Share(self.behaviour.refusal_rate)),
            ("malformed", _Share(self.behaviour.malformed_rate)),
        )

    def extend(self, outcomes: Iterable[str]) -> None:
        """Queue outcomes before the rates: the next calls get these. Raises ValueError on an unknown one."""
        wanted = list(outcomes)
        unknown = sorted(set(wanted) - OUTCOMES)
        if unknown:
            raise ValueError(f"unknown outcomes {unknown}; known: {sorted(OUTCOMES)}")
        self.script.extend(wanted)  # type: ignore[arg-type]

    def next(self) -> Outcome:
        """The outcome of this call; sets `retry_after_s` when it is `rate_limited`."""
        if self.script:
            outcome = self.script.popleft()
            self.retry_after_s = 0.05 if outcome == "rate_limited" else 0.0
            return outcome
        if self.behaviour.rate_limit_rpm and not self._within_limit():
            return "rate_limited"
        for outcome, share in self._shares:
            if share.strikes():
                return outcome
        return "ok"

    def _within_limit(self) -> bool:
        now = self.clock()
        if now - self._window_start >= 60.0:
            self._window_start, self._window_calls = now, 0
        self._window_calls += 1
        if self._window_calls <= self.behaviour.rate_limit_rpm:
            return True
        self.retry_after_s = self._window_start + 60.0 - now
        return False
