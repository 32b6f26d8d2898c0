"""How the simulated provider behaves: latency by task, faults by rate, and a script for tests."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Final, Literal

Outcome = Literal["ok", "error", "rate_limited", "malformed", "refused", "hang", "cut"]
"""What happens to one call. `malformed` breaks the schema, `hang` is silent, `cut` drops the connection."""

OUTCOMES: Final[frozenset[str]] = frozenset(
    {"ok", "error", "rate_limited", "malformed", "refused", "hang", "cut"}
)

DEFAULTS: Final[Mapping[str, tuple[float, str]]] = {
    "ECO2_SIMULATED_VISION_S": (0.0, "seconds until a call with an image is answered"),
    "ECO2_SIMULATED_ANSWER_S": (0.0, "seconds until a call without an image is answered"),
    "ECO2_SIMULATED_TOKEN_S": (0.0, "seconds between two streamed pieces"),
    "ECO2_SIMULATED_ERROR_RATE": (0.0, "share of calls that end with status 500, 0..1"),
    "ECO2_SIMULATED_MALFORMED_RATE": (0.0, "share of calls whose output breaks the schema, 0..1"),
    "ECO2_SIMULATED_REFUSAL_RATE": (0.0, "share of calls the model refuses, 0..1"),
    "ECO2_SIMULATED_RATE_LIMIT_RPM": (0.0, "calls a minute before 429; 0 = no limit"),
}
"""Environment name → (default, meaning)."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The numbers of `DEFAULTS`, read."""

    vision_s: float = 0.0
    answer_s: float = 0.0
    token_s: float = 0.0
    error_rate: float = 0.0
    malformed_rate: float = 0.0
    refusal_rate: float = 0.0
    rate_limit_rpm: float = 0.0

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Behaviour:
        """Raises ValueError naming the variable that is no number of zero or more."""
        values: dict[str, float] = {}
        for name, (default, meaning) in DEFAULTS.items():
            text = env.get(name, "")
            try:
                value = float(text) if text else default
            except ValueError:
                value = -1.0
            if value < 0:
                raise ValueError(f"{name}={text!r}: expected a number >= 0 ({meaning})")
            values[name.removeprefix("ECO2_SIMULATED_").lower()] = value
        return cls(**{each.name: values[each.name] for each in fields(cls)})

    def latency_s(self, task: str) -> float:
        return self.vision_s if task == "vision" else self.answer_s


@dataclass(slots=True)
class _Share:
    """Spreads a rate evenly and without chance: rate 0.25 strikes calls 4, 8, 12, …"""

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
    """Decides the outcome of each next call."""

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
        """Put outcomes before the rates: the next calls get these. Raises ValueError on an unknown one."""
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
