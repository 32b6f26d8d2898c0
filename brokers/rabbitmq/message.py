"""A CloudEvent as an AMQP message and back, as eventing-rabbitmq's ingress and dispatcher write and read it.

Context attributes are headers without `ce-` (the bindings match on them), data is the body. Headers that begin
with `x-` are RabbitMQ's own. Unlike theirs, `traceparent` and `tracestate` are attributes like any other.
"""

from __future__ import annotations

from typing import Any

from aiormq import spec

from eventing.cloudevent import CloudEvent, InvalidCloudEvent
from eventing.interface import OPTIONAL

PERSISTENT = 2
_LONGEST_PROPERTY = 255  # bytes; headers may be longer


def properties(event: CloudEvent) -> spec.Basic.Properties:
    """The properties of an event's message, to be kept on disk; its body is the event's data."""
    headers: dict[str, Any] = event.attributes()
    content_type = headers["content-type"] = headers.pop("datacontenttype", "")
    return spec.Basic.Properties(
        headers=headers,
        message_id=_short(event.id),
        content_type=_short(content_type),
        delivery_mode=PERSISTENT,
    )


def to_event(told: spec.Basic.Properties, body: bytes) -> CloudEvent:
    """The event of a message. Raises InvalidCloudEvent."""
    found = {
        name.lower(): value if isinstance(value, str) else _text(value)
        for name, value in (told.headers or {}).items()
        if not name.startswith("x-") and value is not None
    }
    found["datacontenttype"] = found.pop("content-type", "") or told.content_type or ""
    if found.get("specversion") != "1.0":
        raise InvalidCloudEvent({"specversion": ["the message is no CloudEvent in binary form"]})
    # Their ingress writes attributes that an event does not have as "" (and a zero time).
    return CloudEvent.of(
        {name: value for name, value in found.items() if value or name not in OPTIONAL}, body
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.decode() if isinstance(value, bytes | bytearray) else str(value)


def _short(value: str) -> str | None:
    return value if 0 < len(value.encode()) <= _LONGEST_PROPERTY else None
