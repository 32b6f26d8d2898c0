"""Metrics of the functions, and the cost of the work in hand."""

from __future__ import annotations

import time
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

_spent: ContextVar[list[float]] = ContextVar("spent")


def charging() -> None:
    """Begin to add up what the work of this context costs."""
    _spent.set([])


def spend(cost_usd: float) -> None:
    """Add the cost of a call to the work of this context."""
    if (costs := _spent.get(None)) is not None:
        costs.append(cost_usd)


def spent_usd() -> float:
    """The cost of this context's work so far."""
    return sum(_spent.get([]), 0.0)  # a float also of nothing: drivers refuse lists of both kinds of numbers


@cache
def answering_since() -> float:
    """When this process could be called, in seconds since 1970: when this was called first."""
    return time.time()


class Metrics:
    """The platform's metrics; names follow Prometheus' conventions (base units, `_total`)."""

    def __init__(self) -> None:
        from prometheus_client import REGISTRY, Counter, Gauge, Histogram

        self.registry = REGISTRY
        self.requests: Histogram = Histogram(
            "eco2_function_duration_seconds",
            "Duration of one call of a function, by outcome (HTTP status)",
            ["function", "status"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
        )
        self.invalid: Counter = Counter(
            "eco2_events_invalid_total", "Events refused as malformed, by function", ["function"]
        )
        self.model_cost: Counter = Counter(
            "eco2_model_cost_usd_total", "Cost of model calls", ["provider", "task"]
        )
        self.model_calls: Counter = Counter(
            "eco2_model_calls_total", "Model calls by outcome", ["provider", "task", "outcome"]
        )
        self.swept: Counter = Counter("eco2_sweeper_actions_total", "What the sweeper did", ["action"])
        self.streams: Gauge = Gauge("eco2_sse_open", "Open event streams")
        self.outbox_age: Gauge = Gauge(
            "eco2_outbox_age_seconds", "Age of the oldest unsent event", ["domain"]
        )
        self.dead_letters: Gauge = Gauge(
            "eco2_dead_letters", "Events in quarantine by state, as the redriver found them", ["state"]
        )
        self.jobs_ended: Counter = Counter(
            "eco2_jobs_ended_total",
            "Jobs whose last progress was routed: done, failed, cancelled; now and then one twice",
            ["domain", "outcome"],
        )
        self.stream_lag: Histogram = Histogram(
            "eco2_stream_lag_seconds",
            "Age of the oldest entry of a routed batch of progress",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
        )
        ready: Gauge = Gauge("eco2_ready_time_seconds", "Since when the process answers, since 1970")
        ready.set(answering_since())

    def exposition(self) -> bytes:
        """The text format of Prometheus."""
        from prometheus_client import generate_latest

        return bytes(generate_latest(self.registry))


@cache
def metrics() -> Metrics:
    """This process's metrics; made on first use because importing the library costs a cold start."""
    return Metrics()
