"""Event streams as ASGI: what goes over the wire and when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sse_starlette import ServerSentEvent

from functions.runtime import Resources, http_function
from functions.runtime.application import Application
from functions.runtime.work import Work


@pytest.mark.parametrize(("method", "sent"), [("GET", b"event: one\ndata: 1\n\n"), ("HEAD", b"")])
async def test_head_ends_at_once_where_get_streams(method: str, sent: bytes) -> None:
    async def frames() -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent("1", event="one", sep="\n")

    @http_function("GET /api/v1/thing/events", public=True, streams=True)
    async def stream() -> AsyncIterator[ServerSentEvent]:
        return frames()

    messages: list[dict[str, Any]] = []
    coming = iter([{"type": "http.request", "body": b""}])

    async def receive() -> dict[str, Any]:
        return next(coming, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        messages.append(message)

    path = "/api/v1/thing/events"
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [],
    }
    app = Application(stream.declaration, Resources({}), Work())
    await app.handle(scope, receive, send)
    app.stop()
    start, *bodies = messages
    assert start["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in start["headers"]
    assert b"".join(body["body"] for body in bodies) == sent
    assert not bodies[-1].get("more_body")
