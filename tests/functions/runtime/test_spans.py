"""Spans of requests and deliveries, where they are recorded."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from eventing.catalogue import EventData, to_event
from functions.runtime import Resources, Unavailable, event_function, http_function
from functions.runtime.declaration import EventFunction, HttpFunction
from functions.runtime.delivery import deliver
from functions.runtime.http import respond
from functions.runtime.work import Work
from process import tracing
from tests.functions.requests import delivery, request

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Told(EventData):
    """What happened."""

    type: ClassVar[str] = "eco2.test.thing.told"
    text: str


@http_function("GET /things/{thing}")
async def things(thing: str) -> dict[str, str]:
    """Answer, or be unavailable."""
    if thing == "none":
        raise Unavailable("not now")
    return {"thing": thing}


@event_function(on=Told, ledger=None)
async def hear(event: Told) -> None:
    """Fail for what is secret."""
    if event.text == "비밀":
        raise ValueError(event.text)


async def asked(path: str, method: str = "GET") -> None:
    function = things.declaration
    assert isinstance(function, HttpFunction)
    await respond(
        function, request(method, path, {"traceparent": TRACEPARENT}, query="q=secret"), Resources({})
    )


async def heard(text: str) -> None:
    function = hear.declaration
    assert isinstance(function, EventFunction)
    event = to_event(Told(text=text), source="/test", subject="s1", id="1")
    await deliver(function, delivery(event, {"traceparent": TRACEPARENT}), Resources({}), Work())


@pytest.mark.parametrize(
    ("method", "path", "name", "attributes"),
    [
        (
            "GET",
            "/things/secret",
            "GET /things/{thing}",
            {"http.request.method": "GET", "http.response.status_code": 200, "http.route": "/things/{thing}"},
        ),
        (
            "GET",
            "/things/none",
            "GET /things/{thing}",
            {
                "http.request.method": "GET",
                "http.response.status_code": 503,
                "http.route": "/things/{thing}",
                "error.type": "503",
            },
        ),
        (
            "SECRET",
            "/secret",
            f"_OTHER {things.declaration.name}",
            {"http.request.method": "_OTHER", "http.response.status_code": 404},
        ),
    ],
)
async def test_a_request_is_told_by_its_route_and_status(
    recorded: InMemorySpanExporter, method: str, path: str, name: str, attributes: dict[str, Any]
) -> None:
    await asked(path, method)
    (span,) = recorded.get_finished_spans()
    assert (span.name, span.kind) == (name, tracing.SpanKind.SERVER)
    assert dict(span.attributes or {}) == {"faas.name": things.declaration.name, **attributes}
    assert span.parent
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    assert "secret" not in span.to_json().lower()


async def test_a_delivery_is_told_by_its_event_with_its_handler_below(recorded: InMemorySpanExporter) -> None:
    await heard("x")
    handled, span = recorded.get_finished_spans()
    name = hear.declaration.name
    assert (span.name, handled.name) == ("process eco2.test.thing.told", f"handle {name}")
    assert span.kind is tracing.SpanKind.CONSUMER
    attributes = dict(span.attributes or {})
    assert (attributes["faas.name"], attributes["messaging.destination.name"]) == (name, name)
    assert (attributes["cloudevents.event_type"], attributes["cloudevents.event_subject"]) == (
        Told.type,
        "s1",
    )
    assert attributes["http.response.status_code"] == 204
    assert handled.parent
    assert handled.parent.span_id == span.context.span_id


async def test_a_handler_that_fails_is_told_by_the_kind_of_its_error(recorded: InMemorySpanExporter) -> None:
    await heard("비밀")
    handled, span = recorded.get_finished_spans()
    assert (handled.attributes or {})["error.type"] == "ValueError"
    assert (span.attributes or {})["error.type"] == "503"
    assert not any("비밀" in str(dict(each.attributes or {})) or each.events for each in (handled, span))
