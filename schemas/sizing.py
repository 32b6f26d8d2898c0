"""Sizes of a function's pods, their number, and how long each layer waits, for func.yaml and Knative alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

from eventing.ids import SHARDS
from functions.runtime.declaration import EventFunction, Function, HttpFunction

PREFETCH = 100
"""Events in flight of one Trigger at most (github.com/knative-extensions/eventing-rabbitmq, cmd/dispatcher)."""
MARGIN_S = 5
"""Timeouts nest: each layer waits so much longer than the one inside."""
MAX_REQUEST_S = 600
"""Longest request that Knative Serving lets pass by default (config-defaults, max-revision-timeout-seconds)."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """The size of one pod: `concurrency` requests at most, another pod from `target` on, `timeout_s` a request."""

    min_scale: int
    max_scale: int
    concurrency: int
    target: int
    timeout_s: int
    cpu: str = "50m"
    memory: str = "96Mi"
    cpu_limit: str = "1000m"
    memory_limit: str = "512Mi"


def sizing(function: Function) -> Sizing:
    """The size of a function's pods, by its declaration."""
    timeout_s = min(math.ceil(function.timeout_s) + 2 * MARGIN_S, MAX_REQUEST_S)
    match function:
        case EventFunction():
            concurrency = function.in_flight
            return Sizing(function.min_scale, 10, concurrency, min(concurrency, 100), timeout_s)
        case HttpFunction(streams=True):
            # Open streams cost memory, not time: the limit is Knative's for one pod.
            return Sizing(function.min_scale, 10, 1000, 500, MAX_REQUEST_S)
        case _:
            return Sizing(function.min_scale, 10, 500, 100, timeout_s)


def trigger_timeout_s(function: EventFunction) -> int:
    """Whole seconds that the broker waits for one delivery: more than the handler, less than the Service."""
    return math.ceil(function.timeout_s) + MARGIN_S


def shares(function: EventFunction) -> list[int]:
    """Events in flight of each Trigger of a function; more than one means that they share the events by `shard`."""
    if function.in_flight <= PREFETCH:
        return [function.in_flight]
    each = math.ceil(function.in_flight / SHARDS)
    if each > PREFETCH:
        raise ValueError(
            f"{function.name}: {SHARDS} Triggers hold {SHARDS * PREFETCH} events in flight at most"
        )
    return [each] * SHARDS
