"""The Triggers of a function: which events it gets, how often they are tried, and where they go after that."""

from __future__ import annotations

from typing import Any

from functions.runtime.declaration import WAKE, EventFunction
from functions.runtime.registry import QUARANTINE
from manifests.objects import Object, made
from schemas.filters import filters
from schemas.sizing import shares, trigger_timeout_s

BROKER = "default"
RABBITMQ = "rabbitmq.eventing.knative.dev"
# A dispatcher asks for 50m by itself; forty idle ones would fill two cores.
WAKES = 10
"""Events in flight of a Trigger that only wakes."""
DISPATCHER = {"cpu-request": "5m", "cpu-limit": "1", "memory-request": "24Mi", "memory-limit": "256Mi"}


def triggers(function: EventFunction) -> list[Object]:
    """A function's Triggers: none for a sink; several where one can't hold enough events in flight.

    Their names are those that `func deploy` gives them: it leaves a Trigger that is there as it is, and its own
    would have no retries and deliver everything twice.
    """
    return [
        _trigger(function, f"{function.name}-function-trigger-{number}", attributes, in_flight)
        for number, (attributes, in_flight) in enumerate(
            zip(filters(function), shares(function), strict=False)
        )
    ]


def waking(function: EventFunction) -> list[Object]:
    """The Trigger that starts a function's pods before its events come; none where it declares no `wakes_on`."""
    if function.wakes_on is None:
        return []
    attributes = {"type": function.wakes_on.type}
    return [_trigger(function, f"{function.name}-wake", attributes, WAKES, path=WAKE)]


def subscriber(name: str, path: str = "") -> dict[str, Any]:
    """The function of that name as a destination."""
    service = {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": name}}
    return {**service, "uri": path} if path else service


def duration(seconds: float) -> str:
    """A duration in ISO 8601, to the tenth of a second, which is what Knative reads."""
    return f"PT{seconds:.1f}S".replace(".0S", "S")


def _trigger(
    function: EventFunction, name: str, attributes: dict[str, str], in_flight: int, path: str = ""
) -> Object:
    delivery = {
        "retry": function.retry,
        "backoffPolicy": function.backoff_policy,
        "backoffDelay": duration(function.backoff_delay_s),
        "timeout": duration(trigger_timeout_s(function)),
        # Without a sink of its own a Trigger with a delivery drops what fails, also when its Broker has a sink.
        "deadLetterSink": subscriber(QUARANTINE),
    }
    return made(
        "eventing.knative.dev/v1",
        "Trigger",
        name,
        labels={"app.kubernetes.io/name": function.name, "app.kubernetes.io/component": "trigger"},
        annotations={
            f"{RABBITMQ}/parallelism": str(in_flight),
            **{f"{RABBITMQ}/{name}": value for name, value in DISPATCHER.items()},
        },
        spec={
            "broker": BROKER,
            "filter": {"attributes": attributes},
            "subscriber": subscriber(function.name, path),
            "delivery": delivery,
        },
    )
