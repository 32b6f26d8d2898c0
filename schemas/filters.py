"""Filters of a function's Triggers, for func.yaml and Knative alike."""

from __future__ import annotations

from eventing.clock import PING, TICK
from functions.ops.clocks import TICKS
from functions.runtime.declaration import EventFunction
from schemas.sizing import shares

Filter = dict[str, str]


def filters(function: EventFunction) -> list[Filter]:
    """The filter of each Trigger, attributes and their values; none for a sink. Several share the events by `shard`."""
    if function.on is None:
        return []
    # On a cluster an event that a clock emits arrives as a PingSource's tick, which names it.
    wanted = (
        {"type": PING, TICK: function.on.type} if function.on.type in TICKS else {"type": function.on.type}
    )
    count = len(shares(function))
    return [wanted] if count == 1 else [{**wanted, "shard": str(shard)} for shard in range(count)]
