"""Event streams as ASGI: what goes over the wire and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sse_starlette import ServerSentEvent

from functions.runtime import Resources, http_function
from functions.runtime.application import Application
from functions.runtime.work import Work
from process import tracing

PATH = "/api/v1/thing/events"
Events = AsyncGenerator[ServerSentEvent]
ONE = ServerSentEvent("1", event="one", sep="\n")


async def asked(
    events: Events | None, method: str = "GET", leave: asyncio.Event | None = None
) -> tuple[Any, list[Any]]:
    """What a client that leaves at `leave` is sent: the head of the response, and the parts of its body."""

    @http_function(f"GET {PATH}", public=True, streams=True)
    async def stream() -> Events | None:
        return events

    messages: list[Any] = []
    coming = [{"type": "http.request", "body": b""}]

    async def receive() -> Any:
        if coming:
            return coming.pop()
        await (leave or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(message)

    application = Application(stream.declaration, Resources({}), Work())
    scope = {"type": "http", "method": method, "path": PATH, "query_string": b"", "headers": []}
    async with asyncio.timeout(10):
        await application.handle(scope, receive, send)
    await application.stop()
    start, *parts = messages
    return start, parts


async def one() -> Events:
    yield ONE


@pytest.mark.parametrize("recording", [False, True])
async def test_a_stream_is_sent_whole_and_ended(monkeypatch: pytest.MonkeyPatch, recording: bool) -> None:
    monkeypatch.setattr(tracing, "recording", lambda: recording)
    start, parts = await asked(one())
    headers = dict(start["headers"])
    assert start["status"] == 200
    assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert (headers[b"cache-control"], headers[b"x-accel-buffering"]) == (b"no-cache", b"no")
    assert headers[b"x-request-id"]
    assert b"".join(part["body"] for part in parts) == b"event: one\ndata: 1\n\n"
    assert not parts[-1]["more_body"]


async def test_head_ends_at_once_where_get_streams() -> None:
    start, parts = await asked(one(), "HEAD")
    assert start["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in start["headers"]
    assert [(part["body"], part["more_body"]) for part in parts] == [(b"", False)]


async def test_a_stream_without_anything_to_come_is_204() -> None:
    start, parts = await asked(None)
    assert (start["status"], [part["body"] for part in parts]) == (204, [b""])


@pytest.mark.parametrize("recording", [False, True])
async def test_a_client_that_leaves_ends_the_events(monkeypatch: pytest.MonkeyPatch, recording: bool) -> None:
    monkeypatch.setattr(tracing, "recording", lambda: recording)
    leave, ended = asyncio.Event(), asyncio.Event()
    open_streams: list[float | None] = []

    async def endless() -> Events:
        try:
            yield ONE
            open_streams.append(REGISTRY.get_sample_value("eco2_sse_open"))
            leave.set()
            await asyncio.sleep(60)
        finally:
            ended.set()

    await asked(endless(), leave=leave)
    assert ended.is_set()
    assert open_streams == [1.0]
    assert REGISTRY.get_sample_value("eco2_sse_open") == 0.0
