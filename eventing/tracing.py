"""The trace an event belongs to, in its extensions `traceparent` and `tracestate`.

Source: CloudEvents, distributed tracing extension.
"""

from __future__ import annotations

from dataclasses import replace

from eventing.cloudevent import CloudEvent
from process import tracing

CARRIED = ("traceparent", "tracestate")
KNATIVE = "knative"
"""The messaging system as functions know it; which broker is behind it, the broker's own spans say."""


def traced(event: CloudEvent) -> CloudEvent:
    """The event as part of the current trace, unless it carries its own."""
    return event if "traceparent" in event.extensions else below(event)


def below(event: CloudEvent) -> CloudEvent:
    """The event as what follows the current span."""
    carried = tracing.carried()
    return replace(event, extensions={**event.extensions, **carried}) if carried else event


def attributes(event: CloudEvent, system: str, operation: str, destination: str) -> dict[str, str]:
    """Of a span of an event on its way, by OpenTelemetry's conventions for messaging and CloudEvents."""
    named = {
        "messaging.system": system,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": destination,
        "messaging.message.id": event.id,
        "cloudevents.event_id": event.id,
        "cloudevents.event_source": event.source,
        "cloudevents.event_type": event.type,
        "cloudevents.event_spec_version": "1.0",
    }
    return named if event.subject is None else {**named, "cloudevents.event_subject": event.subject}
