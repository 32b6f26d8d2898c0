"""A CloudEvent as an AMQP message and back, as eventing-rabbitmq's ingress and dispatcher write and read it.

Context attributes are headers without `ce-` (the bindings match on them), data is the body. Headers that begin
with `x-` are RabbitMQ's own. Unlike theirs, `traceparent` and `tracestate` are attributes like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aio_pika import DeliveryMode, Message

from eventing.cloudevent import CloudEvent, InvalidCloudEvent

_CORE = ("id", "source", "type", "subject", "time", "dataschema")


def to_message(event: CloudEvent) -> Message:
    """The message of an event, to be kept on disk."""
    headers: dict[str, Any] = event.attributes()
    content_type = headers.pop("datacontenttype", "")
    headers["content-type"] = content_type
    return Message(
        event.data,
        headers=headers,
        message_id=event.id,
        content_type=content_type or None,
        delivery_mode=DeliveryMode.PERSISTENT,
    )


def to_event(headers: Mapping[str, Any] | None, content_type: str | None, body: bytes) -> CloudEvent:
    """The event of a message. Raises InvalidCloudEvent."""
    found = {
        name.lower(): value if isinstance(value, str) else _text(value)
        for name, value in (headers or {}).items()
        if not name.startswith("x-") and value is not None
    }
    media_type = found.pop("content-type", "") or content_type or None
    if found.pop("specversion", None) != "1.0":
        raise InvalidCloudEvent({"specversion": ["the message is no CloudEvent in binary form"]})
    # Their ingress writes attributes that an event does not have as "" (and a zero time).
    core = {name: value for name in _CORE if (value := found.pop(name, ""))}
    return CloudEvent(
        core.pop("id", ""),
        core.pop("source", ""),
        core.pop("type", ""),
        **core,
        datacontenttype=media_type,
        extensions=found,
        data=body,
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.decode() if isinstance(value, bytes | bytearray) else str(value)
