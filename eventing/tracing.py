"""The trace an event belongs to, in its extensions `traceparent` and `tracestate`.

Source: CloudEvents, distributed tracing extension.
"""

from __future__ import annotations

from dataclasses import replace

from eventing.cloudevent import CloudEvent
from process import tracing

CARRIED = ("traceparent", "tracestate")


def traced(event: CloudEvent) -> CloudEvent:
    """The event as part of the current trace, unless it carries its own."""
    carried = tracing.carried()
    if not carried or "traceparent" in event.extensions:
        return event
    return replace(event, extensions={**event.extensions, **carried})


def resumed(event: CloudEvent, trace_id: str) -> CloudEvent:
    """The event as part of a trace that was stored by its id alone."""
    with tracing.span(f"send {event.type}", parent=tracing.resumed(trace_id), kind=tracing.SpanKind.PRODUCER):
        return traced(event)
