"""The AsyncAPI 3.0 document of the events, from the functions' declarations."""

from __future__ import annotations

from typing import Any

from eventing.catalogue import EventData, registered
from functions.runtime.declaration import EventFunction, Function
from schemas.openapi import VERSION, reference


def asyncapi(functions: tuple[Function, ...]) -> dict[str, Any]:
    """The AsyncAPI document: every event type as a channel; functions receive from and send to it."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for name, data in registered().items():
        if data.__module__.startswith("functions."):
            message = {
                "name": name,
                "contentType": "application/json",
                "summary": (data.__doc__ or "").strip().splitlines()[0],
                "payload": reference(data, schemas, "validation"),
            }
            channels[name] = {"address": name, "messages": {"event": message}}
    for function in functions:
        if isinstance(function, EventFunction):
            for action, event in (("receive", function.on), ("send", function.emits)):
                if event:
                    operations[f"{function.name}-{action}"] = _on(action, event)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Eco² events",
            "version": VERSION,
            "description": "CloudEvents 1.0 over a Knative Broker; a channel is an event type, filtered by Triggers.",
        },
        "channels": channels,
        "operations": operations,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _on(action: str, event: type[EventData]) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{event.type}"}}
