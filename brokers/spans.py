"""Spans of a broker, named by OpenTelemetry's conventions for messaging and CloudEvents.

An event that the ingress accepts and every attempt to deliver one is a span; the event carries it on as `traceparent`
and `tracestate`. Where nothing records, no span is made and the event passes unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry.trace import get_current_span

from eventing.cloudevent import CloudEvent
from eventing.tracing import attributes, below
from process import tracing

_BROKER = "default"


def accepting(event: CloudEvent, system: str) -> AbstractContextManager[CloudEvent]:
    """A PRODUCER span while an event is made durable; gives the event that carries it."""
    if not tracing.recording():
        return nullcontext(event)
    return _span("send", _BROKER, tracing.SpanKind.PRODUCER, event, system)


def delivering(event: CloudEvent, system: str, trigger: str) -> AbstractContextManager[CloudEvent]:
    """A CONSUMER span during one attempt; gives the event that carries it."""
    if not tracing.recording():
        return nullcontext(event)
    return _span("process", trigger, tracing.SpanKind.CONSUMER, event, system)


def failed(code: int) -> None:
    """Mark the current span as an attempt that failed with an HTTP status, or with -1 without one."""
    tracing.failed(get_current_span(), str(code))


@contextmanager
def _span(
    operation: str, destination: str, kind: tracing.SpanKind, event: CloudEvent, system: str
) -> Iterator[CloudEvent]:
    with tracing.span(
        f"{operation} {destination}",
        parent=event.extensions,
        kind=kind,
        attributes=attributes(event, system, operation, destination),
    ):
        yield below(event)
