"""An edge in front of a small function host that tells what it received."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from embedded.cors import Cors
from embedded.edge.app import Edge
from embedded.edge.authorize import OverHTTP
from embedded.edge.readiness import Readiness
from embedded.edge.routes import Route, Routes
from embedded.edge.upstream import Upstream
from tests.embedded.serving import serving

USER = "6f1c0000-0000-4000-8000-000000000001"


@dataclass
class FunctionHost:
    """Answers as its `authorize` and by function name; keeps the requests it saw."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    authorize: tuple[int, dict[str, str], bytes] = (200, {"x-user-id": USER, "x-auth-provider": "local"}, b"")
    more: asyncio.Event = field(default_factory=asyncio.Event)
    disconnected: asyncio.Event = field(default_factory=asyncio.Event)
    ready: bool = True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        function = headers["host"]
        if scope["path"] == "/health/ready":
            await _send(send, 200 if self.ready else 503, {}, b"warming up")
            return
        if function == "auth-authorize":
            self.requests.append({"function": function, "headers": headers, "path": scope["path"]})
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
        elif function == "test-large":
            await _send(send, 200, {"content-type": "application/octet-stream"}, b"x" * 2_000_000)
        else:
            answered = {"content-type": "application/json", "x-user-id": "leak", "x-request-id": "other"}
            answered |= {"access-control-allow-origin": "*", "set-cookie": "a=b"}
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


ROUTES = (
    Route("POST", "/api/v1/scan", "scan-submit", max_body=1000),
    Route("GET", "/api/v1/scan/categories", "scan-categories", auth=False),
    Route("GET", "/api/v1/scan/{job_id}/result", "scan-result"),
    Route("DELETE", "/api/v1/scan/{job_id}", "scan-cancel"),
    Route("GET", "/api/v1/scan/{job_id}/events", "stream-events", timeout_s=0.5),
    Route("GET", "/api/v1/slow", "test-slow", auth=False, timeout_s=0.2),
    Route("GET", "/api/v1/large", "test-large", auth=False),
)


@pytest.fixture
def host() -> FunctionHost:
    """The function host."""
    return FunctionHost()


@pytest.fixture
async def edge(host: FunctionHost) -> AsyncIterator[Edge]:
    """An edge whose upstream is `host`."""
    async with serving(host) as port:
        upstream = Upstream([("127.0.0.1", port)])
        yield Edge(
            routes=Routes(ROUTES),
            upstream=upstream,
            authorizer=OverHTTP(upstream),
            cors=Cors.of(["https://eco2.example"]),
            readiness=Readiness({"functions-1": ("127.0.0.1", port, "/health/ready")}),
        )
        upstream.close()


@pytest.fixture
async def client(edge: Edge) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the edge."""
    async with (
        serving(edge) as port,
        aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", timeout=aiohttp.ClientTimeout(10), auto_decompress=False
        ) as session,
    ):
        yield session
