"""Events of the CloudEvents SDK and ours: each from the other, with our checks.

What people who come from functions-framework or func know is `cloudevents.http.CloudEvent` (SDK 1.x) or
`cloudevents.core.v1.event.CloudEvent` (2.x). The SDK is never imported here: whoever names one of its classes has.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from eventing.cloudevent import CloudEvent

_INTERFACES = {
    "cloudevents.abstract.event": ("cloudevents.http", "CloudEvent"),
    "cloudevents.core.base": ("cloudevents.core.v1.event", "CloudEvent"),
}
"""Module of an interface of the SDK → module and name of the class that its makers offer for it."""


def is_event(kind: object) -> bool:
    """Whether a type is an event of the SDK."""
    return isinstance(kind, type) and kind.__module__.partition(".")[0] == "cloudevents"


def to_sdk(kind: type[Any], event: CloudEvent) -> Any:
    """Our event as one of the SDK's classes."""
    if kind.__module__ in _INTERFACES:
        module, name = _INTERFACES[kind.__module__]
        kind = getattr(import_module(module), name)
    attributes: dict[str, Any] = dict(event.get_attributes())
    if hasattr(kind, "create"):  # 1.x
        return kind.create(attributes, event.get_data())
    if event.time is not None:
        attributes["time"] = event.get_time()
    return kind(attributes, event.get_data())


def from_sdk(event: Any) -> CloudEvent:
    """An event of the SDK as ours. Raises InvalidCloudEvent where the SDK is less strict than the specification."""
    return CloudEvent.create(event.get_attributes(), event.get_data())
