"""How a function is declared."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import ClassVar

import pytest
from starlette.requests import Request

from eventing.catalogue import EventData
from functions.runtime import background_function, event_function, http_function
from functions.runtime import host as host_module
from functions.runtime.declaration import BackgroundFunction, EventFunction, HttpFunction, Route
from functions.runtime.host import Host
from functions.runtime.ledger import Inbox
from functions.runtime.resources import Resources


class Happened(EventData):
    """Something."""

    type: ClassVar[str] = "eco2.test.thing.happened"


@event_function(on=Happened, timeout=7, in_flight=300, retry=2)
async def stage(event: Happened) -> None:
    """What it is for."""


@http_function("GET /a/{b}", "POST /a", status=201, public=True, rate_limit="30/60", min_scale=2)
async def endpoint(b: str = "") -> None: ...


@background_function
async def loop() -> None: ...


def test_a_declaration_is_data() -> None:
    found = stage.declaration
    assert isinstance(found, EventFunction)
    assert (found.on, found.emits, found.ledger) == (Happened, None, Inbox)
    assert (found.timeout_s, found.in_flight, found.retry, found.min_scale) == (7, 300, 2, 0)
    assert (found.name, found.domain, found.source) == (
        "functions-runtime",
        "functions",
        "/eco2/functions/runtime",
    )
    found = endpoint.declaration
    assert isinstance(found, HttpFunction)
    assert found.routes == (Route("GET", "/a/{b}"), Route("POST", "/a"))
    assert (found.status, found.public, found.rate_limit, found.min_scale) == (201, True, "30/60", 2)
    found = loop.declaration
    assert isinstance(found, BackgroundFunction)
    assert found.min_scale == 1


async def test_the_handler_stays_a_plain_function_with_its_names() -> None:
    assert await stage.handler(Happened()) is None
    assert (stage.__name__, stage.__doc__, stage.__module__) == ("stage", "What it is for.", __name__)  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["/a", "GET", "get /a", "GET a", "GET /a b", "GET  /a", ""])
def test_a_route_that_reads_otherwise_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a route reads like"):
        http_function(text)(endpoint.handler)


def test_a_route_takes_its_method_and_head_where_it_takes_get() -> None:
    assert Route.parse("GET /a").methods == {"GET", "HEAD"}
    assert Route.parse("POST /a").methods == {"POST"}
    assert Route.parse("ANY /*").everything
    assert not Route.parse("ANY /a").everything


async def test_a_process_that_others_started_has_one_application_of_each_function(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host = Host(resources=Resources({}))
    monkeypatch.setattr(host_module, "shared", lambda: host)
    application = stage.new()
    assert application is stage.new()
    assert application.function is stage.declaration
    request = Request({"type": "http", "headers": []})
    assert await stage(request) == application.handle
    await asyncio.wait_for(application.stop(), 10)


def test_functions_framework_is_told_the_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where it is loaded already: importing it costs a cold start."""
    registry = ModuleType("functions_framework._function_registry")
    vars(registry).update(REGISTRY_MAP={}, ASGI_FUNCTIONS=set(), HTTP_SIGNATURE_TYPE="http")
    framework = ModuleType("functions_framework")
    vars(framework).update(_function_registry=registry)
    monkeypatch.setitem(sys.modules, "functions_framework", framework)
    monkeypatch.setitem(sys.modules, "functions_framework._function_registry", registry)
    event_function(on=Happened)(stage.handler)
    assert vars(registry)["REGISTRY_MAP"] == {"stage": "http"}
    assert vars(registry)["ASGI_FUNCTIONS"] == {"stage"}
