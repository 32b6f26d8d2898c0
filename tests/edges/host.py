"""A small function host that tells what it received, and the routes of the edges in front of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

USER = "6f1c0000-0000-4000-8000-000000000001"


@dataclass
class FunctionHost:
    """Answers as its `authorize` and by function name; keeps the requests it saw."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    authorize: tuple[int, dict[str, str], bytes] = (200, {"x-user-id": USER, "x-auth-provider": "local"}, b"")
    more: asyncio.Event = field(default_factory=asyncio.Event)
    disconnected: asyncio.Event = field(default_factory=asyncio.Event)
    ready: bool = True
    said: dict[str, str] = field(default_factory=dict)
    """More header fields of its answers."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        function = headers["host"].partition(".")[0]
        if scope["path"] == "/health/ready":
            await _send(send, 200 if self.ready else 503, {}, b"warming up")
            return
        if function == "auth-authorize":
            self.requests.append(
                {"function": function, "method": scope["method"], "headers": headers, "path": scope["path"]}
            )
            await _send(send, *self.authorize)
            return
        seen = {
            "function": function,
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": headers,
            "body": body.decode(),
        }
        self.requests.append(seen)
        if function == "stream-events":
            await self._stream(send, receive)
        elif function == "test-slow":
            await asyncio.sleep(5)
        elif function == "test-plain":
            await _send(send, 502, {"content-type": "text/plain"}, b"dial tcp 10.0.0.1:8080: refused")
        elif function == "test-large":
            await _send(send, 200, {"content-type": "application/octet-stream"}, b"x" * 2_000_000)
        else:
            answered = {"content-type": "application/json", "x-user-id": "leak", "x-request-id": "other"}
            answered |= self.said | {"access-control-allow-origin": "*", "set-cookie": "a=b"}
            await _send(send, 201, answered, json.dumps(seen).encode())

    async def _stream(self, send: Any, receive: Any) -> None:
        started = {"type": "http.response.start", "status": 200}
        await send({**started, "headers": [(b"content-type", b"text/event-stream; charset=utf-8")]})
        await send({"type": "http.response.body", "body": b"event: queued\n\n", "more_body": True})
        gone = asyncio.create_task(receive())
        go_on = asyncio.create_task(self.more.wait())
        await asyncio.wait({gone, go_on}, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            self.disconnected.set()
        go_on.cancel()
        gone.cancel()
        await send({"type": "http.response.body", "body": b"event: done\n\n", "more_body": False})


async def _send(send: Any, status: int, headers: dict[str, str], body: bytes) -> None:
    pairs = [(k.encode(), v.encode()) for k, v in headers.items()]
    pairs.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


ROUTES: tuple[dict[str, Any], ...] = (
    {"method": "POST", "path": "/api/v1/scan", "function": "scan-submit", "max_body": 1000},
    {"method": "GET", "path": "/api/v1/scan/categories", "function": "scan-categories", "auth": False},
    {"method": "GET", "path": "/api/v1/scan/{job_id}/result", "function": "scan-result"},
    {"method": "DELETE", "path": "/api/v1/scan/{job_id}", "function": "scan-cancel"},
    {"method": "PATCH", "path": "/api/v1/scan/{job_id}", "function": "scan-rename"},
    {
        "method": "GET",
        "path": "/api/v1/scan/{job_id}/events",
        "function": "stream-events",
        "timeout_s": 0.5,
        "streams": True,
    },
    {"method": "GET", "path": "/api/v1/slow", "function": "test-slow", "auth": False, "timeout_s": 0.2},
    {
        "method": "GET",
        "path": "/api/v1/slow/stream",
        "function": "test-slow",
        "auth": False,
        "timeout_s": 0.2,
        "streams": True,
    },
    {"method": "GET", "path": "/api/v1/large", "function": "test-large", "auth": False},
    {"method": "POST", "path": "/api/v1/large", "function": "test-echo", "max_body": 1_048_576},
    {"method": "POST", "path": "/api/v1/limited", "function": "test-limited", "limit": "2/60"},
    {
        "method": "GET",
        "path": "/api/v1/limited/open",
        "function": "test-open",
        "auth": False,
        "limit": "3/60",
    },
    {"method": "GET", "path": "/api/v1/plain", "function": "test-plain", "auth": False},
)
"""As in the table that `edge.table.declared` makes; `streams`: answers with an event stream."""
