"""A function as an ASGI application: health, metrics, request ids, background loops."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Self

import httpx
import pytest

from eventing.catalogue import EventData
from functions.runtime import (
    Resources,
    Service,
    Unavailable,
    background_function,
    event_function,
    http_function,
)
from functions.runtime import application as module
from functions.runtime.application import Application
from functions.runtime.declaration import Function
from functions.runtime.work import Work


def served(function: Function, resources: Resources | None = None) -> Application:
    return Application(function, resources or Resources({}), Work())


async def test_who_is_no_part_of_the_platform_is_not_served() -> None:
    application = served(endpoint.declaration, Resources({"ECO2_INSIDE_SECRET": "word"}))
    refused = await asked(application, "GET", "/a", headers={"x-user-id": "somebody"})
    assert (refused.status_code, refused.json()["code"]) == (403, "OUTSIDE")
    assert "word" not in refused.text
    assert (await asked(application, "POST", "/a", headers={"x-eco2-inside": "word"})).status_code != 403
    assert (await asked(application, "GET", "/health/live")).status_code == 200


async def asked(application: Application, method: str, path: str, **rest: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app=application.handle)
    async with httpx.AsyncClient(transport=transport, base_url="http://function") as client:
        answer = await client.request(method, path, **rest)
    await application.stop()
    return answer


@http_function("POST /a", max_body=4)
async def endpoint() -> dict[str, str]:
    return {}


@event_function(on=EventData, ledger=None)
async def stage(event: EventData) -> None: ...


@background_function
async def loop() -> None: ...


async def test_what_only_wakes_is_acknowledged_without_a_look() -> None:
    answer = await asked(served(stage.declaration), "POST", "/wake", content=b"no event")
    assert (answer.status_code, answer.content) == (204, b"")


async def test_health_says_whether_calls_may_come() -> None:
    application = served(endpoint.declaration)
    for path in ("/health/live", "/health/ready"):
        assert (await asked(application, "GET", path)).status_code == 200
    application.resources.stop()
    assert (await asked(application, "GET", "/health/live")).status_code == 200
    assert (await asked(application, "GET", "/health/ready")).status_code == 503


async def test_calls_are_measured_by_function_and_status_and_health_is_not() -> None:
    application = served(replace(endpoint.declaration, name="tests-measured"))
    await asked(application, "POST", "/a")
    await asked(application, "POST", "/nowhere")
    await asked(application, "GET", "/health/ready")
    text = (await asked(application, "GET", "/metrics")).text
    for status in ("200", "404"):
        label = f'{{function="tests-measured",status="{status}"}}'
        assert f"eco2_function_duration_seconds_count{label} 1.0" in text
    assert text.count('_count{function="tests-measured"') == 2


async def test_a_request_keeps_its_id_or_is_given_one() -> None:
    application = served(endpoint.declaration)
    given = await asked(application, "POST", "/nowhere", headers={"x-request-id": "r1"})
    assert given.headers.get_list("x-request-id") == ["r1"]
    made = await asked(application, "POST", "/nowhere")
    assert made.json()["request_id"] == made.headers["x-request-id"]
    assert len(made.headers["x-request-id"]) == 16


async def test_a_body_over_the_limit_is_a_problem() -> None:
    answer = await asked(served(endpoint.declaration), "POST", "/a", content=b"12345")
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


async def test_a_caller_that_leaves_within_its_body_ends_the_call() -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    application = served(endpoint.declaration)
    await application.handle({"type": "http", "method": "POST", "path": "/a", "headers": []}, receive, send)
    await application.stop()
    assert sent[0]["status"] == 400


async def test_an_event_function_takes_posts_only_and_a_loop_takes_nothing() -> None:
    answer = await asked(served(stage.declaration), "GET", "/")
    assert (answer.status_code, answer.headers["allow"], answer.content) == (405, "POST", b"")
    answer = await asked(served(loop.declaration), "POST", "/")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


class Opened(Service):
    """A service that says when it is opened."""

    event: asyncio.Event

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        cls.event.set()
        return cls()


class Failing(Service):
    """A service that can't be opened."""

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        raise Unavailable("not now")


async def test_services_are_opened_before_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WARM_AFTER_S", 0.0)
    Opened.event = asyncio.Event()

    @http_function("GET /a")
    async def handler(failing: Failing, opened: Opened) -> None: ...

    application = served(handler.declaration)
    application.start()
    application.start()  # a second time is none
    await asyncio.wait_for(Opened.event.wait(), 10)
    await application.stop()


async def test_a_loop_runs_with_its_services_and_again_when_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESTART_WAIT_S", 0.0)
    Opened.event = asyncio.Event()
    runs = 0
    running = asyncio.Event()

    @background_function
    async def handler(opened: Opened) -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise RuntimeError("again")
        running.set()
        await asyncio.sleep(60)

    application = served(handler.declaration)
    application.start()
    await asyncio.wait_for(running.wait(), 10)
    await application.stop()
    assert runs == 3


async def test_a_loop_that_ends_while_the_process_stops_is_not_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RESTART_WAIT_S", 0.0)
    resources = Resources({})
    runs = 0

    @background_function
    async def handler() -> None:
        nonlocal runs
        runs += 1
        resources.stop()

    application = served(handler.declaration, resources)
    application.start()
    background = application._background
    assert background
    await asyncio.wait_for(background, 10)
    await application.stop()
    assert runs == 1
