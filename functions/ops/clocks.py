"""Clocks: the events that are emitted at intervals, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from eventing.catalogue import EventData
from functions.ops.events import ExpiryRequested, NewsCollectRequested, RedriveRequested, SweepRequested

SOURCE = "/eco2/ops/clock"


@dataclass(frozen=True, slots=True)
class Clock:
    """An event with `data` every `every_s` seconds; on a cluster a PingSource, elsewhere the broker emits it."""

    name: str
    event: type[EventData]
    every_s: int
    data: Mapping[str, str] = field(default_factory=dict)


CLOCKS = (
    Clock("sweep", SweepRequested, 5),
    Clock("redrive", RedriveRequested, 300),
    Clock("expiry", ExpiryRequested, 1_800),
    # Within the 25,000 and 200 questions a day that the sources answer: four each time, and three.
    Clock("news-naver", NewsCollectRequested, 300, {"provider": "naver"}),
    Clock("news-newsdata", NewsCollectRequested, 1_800, {"provider": "newsdata"}),
)
TICKS = frozenset(clock.event.type for clock in CLOCKS)
"""The event types that clocks emit."""
