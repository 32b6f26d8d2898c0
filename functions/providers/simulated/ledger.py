"""The ledger of the simulated provider: what it was asked and what it would have billed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

MAX_MARKERS: Final = 500_000
"""Markers remembered; further ones are counted in the totals only."""


@dataclass(slots=True)
class CallLedger:
    """Counts of calls by outcome, of billed calls by task and by the caller's marker.

    Billed = answered with output, fitting or not, or with a refusal. Errors, limits and calls
    whose client left before the answer are not billed.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    tasks: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    markers: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0

    def arrived(self) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def left(self, outcome: str) -> None:
        self.in_flight -= 1
        self.outcomes[outcome] += 1

    def billed(self, task: str, model: str, marker: str) -> None:
        self.tasks[task] += 1
        self.models[model] += 1
        if marker and (marker in self.markers or len(self.markers) < MAX_MARKERS):
            self.markers[marker] += 1

    def report(self, *, markers: bool) -> dict[str, Any]:
        """JSON of `GET /calls`; `repeated` are the markers billed more than once."""
        report: dict[str, Any] = {
            "calls": sum(self.outcomes.values()),
            "billed": sum(self.tasks.values()),
            "outcomes": dict(self.outcomes),
            "tasks": dict(self.tasks),
            "models": dict(self.models),
            "repeated": {marker: count for marker, count in self.markers.items() if count > 1},
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
        }
        return report | ({"markers": dict(self.markers)} if markers else {})
