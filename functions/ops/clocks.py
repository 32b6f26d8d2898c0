"""What happens by the clock: events that nobody but the time causes."""

from __future__ import annotations

from dataclasses import dataclass

from eventing.catalogue import EventData
from functions.ops.events import RedriveRequested, SweepRequested

SOURCE = "/eco2/ops/clock"


@dataclass(frozen=True, slots=True)
class Clock:
    """An event without data every `every_s` seconds; on a cluster a PingSource, elsewhere the broker emits it."""

    name: str
    event: type[EventData]
    every_s: int


CLOCKS = (Clock("sweep", SweepRequested, 5), Clock("redrive", RedriveRequested, 300))
TICKS = frozenset(clock.event.type for clock in CLOCKS)
"""The event types that clocks emit."""
