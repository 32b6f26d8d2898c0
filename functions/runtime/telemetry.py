"""JSON logs, the context they carry, and metrics. User content and tokens are never logged."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from eventing import trace

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

task_id: ContextVar[str | None] = ContextVar("task_id", default=None)
user_id: ContextVar[str | None] = ContextVar("user_id", default=None)
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
function_name: ContextVar[str | None] = ContextVar("function_name", default=None)
_spent: ContextVar[list[float]] = ContextVar("spent")


def charging() -> None:
    """Begin to add up what the work of this context costs."""
    _spent.set([])


def spend(cost_usd: float) -> None:
    """Add the cost of a call to the work of this context."""
    if (costs := _spent.get(None)) is not None:
        costs.append(cost_usd)


def spent_usd() -> float:
    """What the work of this context has cost so far."""
    return sum(_spent.get([]))


class JsonFormatter(logging.Formatter):
    """One JSON object a line with the fields the log pipeline indexes."""

    def format(self, record: logging.LogRecord) -> str:
        context = trace.current.get()
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "function": function_name.get(),
            "task_id": task_id.get(),
            "user_id": user_id.get(),
            "request_id": request_id.get(),
            "trace_id": context.trace_id if context else None,
            "duration_ms": getattr(record, "duration_ms", None),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({k: v for k, v in line.items() if v is not None}, ensure_ascii=False)


def configure_logging(level: str) -> None:
    """Send every log record to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("httpx", "httpcore", "psycopg.pool", "google_genai", "openai", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))


@contextmanager
def about(**values: str | None) -> Iterator[None]:
    """Set log context (task_id, user_id, request_id, function_name) for the duration."""
    variables = {v.name: v for v in (task_id, user_id, request_id, function_name)}
    tokens = [(variables[name], variables[name].set(value)) for name, value in values.items()]
    try:
        yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


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

    def exposition(self) -> bytes:
        """The text format of Prometheus."""
        from prometheus_client import generate_latest

        return bytes(generate_latest(self.registry))


@cache
def metrics() -> Metrics:
    """This process's metrics; made on first use because importing the library costs a cold start."""
    return Metrics()
