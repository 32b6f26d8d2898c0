"""Requests as functions get them, without a server."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.types import Message

from eventing.cloudevent import CloudEvent


def request(
    method: str, path: str, headers: Mapping[str, str], body: bytes = b"", query: str = ""
) -> Request:
    """A whole request from 192.0.2.1; `query` without its question mark."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": encoded,
        "client": ("192.0.2.1", 1),
        "server": ("testserver", 80),
        "scheme": "http",
    }
    return Request(scope, receive)


def delivery(event: CloudEvent, more: Mapping[str, str] | None = None) -> Request:
    """A broker's delivery of an event."""
    headers, body = event.to_binary()
    return request("POST", "/", {**headers, **(more or {})}, body)
