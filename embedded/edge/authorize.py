"""Asking the authorize function, as Envoy's ext_authz filter does over HTTP.

Source: envoy.extensions.filters.http.ext_authz.v3 (HttpService): the check is a request with the original
method and path, without body; 200 lets the request pass with the identity headers of the answer, a 5xx or no
answer is a failure of the check, everything else goes to the client as it is. A failure closes: 503.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from embedded.edge.answers import ASGIApp, Headers, Problem, Scope, unavailable
from embedded.edge.upstream import Upstream, UpstreamError

IDENTITY = (b"x-user-id", b"x-auth-")
"""Headers (or their beginnings) that only the authorize function may set."""
CHECK_TIMEOUT_S = 5.0
FUNCTION = "auth-authorize"
_SENT = (b"authorization", b"cookie", b"x-request-id", b"traceparent", b"origin", b"user-agent")
_TO_CLIENT = frozenset(
    {b"content-type", b"www-authenticate", b"set-cookie", b"retry-after", b"location", b"cache-control"}
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`status` 200: pass, with the identity in `headers`. Otherwise what to answer."""

    status: int
    headers: Headers
    body: bytes = b""


class Authorizer(Protocol):
    """Decides about one request."""

    async def check(self, scope: Scope, request: Mapping[bytes, bytes]) -> Verdict:
        """`request` holds the headers by lower-case name. Raises Problem (503) when nobody can decide."""


def _verdict(status: int, headers: Headers, body: bytes) -> Verdict:
    if status == 200:
        return Verdict(200, [(name, value) for name, value in headers if name.startswith(IDENTITY)])
    if status >= 500:
        raise _undecided()
    return Verdict(status, [(name, value) for name, value in headers if name in _TO_CLIENT], body)


def _undecided() -> Problem:
    return unavailable(
        "Sign-in could not be checked; nothing was done. Try again shortly.", code="AUTHORIZATION_UNAVAILABLE"
    )


class InProcess:
    """Calls the function's ASGI application in this process: a tenth of the CPU of a request over HTTP."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def check(self, scope: Scope, request: Mapping[bytes, bytes]) -> Verdict:
        """Call with a scope of its own; the request's body stays untouched."""
        status = 0
        headers: Headers = []
        body = bytearray()
        sent = [(name, request[name]) for name in _SENT if name in request]
        sent.append((b"host", FUNCTION.encode()))
        check = {**scope, "headers": sent, "extensions": {}, "state": {}}

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Scope) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.extend((name.lower(), value) for name, value in message.get("headers", []))
            else:
                body.extend(message.get("body", b""))

        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await self._app(check, receive, send)
        except Exception as error:  # whatever went wrong there: closed
            raise _undecided() from error
        return _verdict(status or 500, headers, bytes(body))


class OverHTTP:
    """Asks the function at its host; works with any function host, costs a request more."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def check(self, scope: Scope, request: Mapping[bytes, bytes]) -> Verdict:
        """One exchange without body."""
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        lines = [scope["method"].encode() + b" " + target + b" HTTP/1.1", b"host: " + FUNCTION.encode()]
        lines += [name + b": " + request[name] for name in _SENT if name in request]
        lines += [b"content-length: 0", b"", b""]
        try:
            exchange = await self._upstream.send(b"\r\n".join(lines), CHECK_TIMEOUT_S, repeatable=True)
            body = b""
            while piece := await exchange.chunk():
                body += piece
        except UpstreamError as error:
            raise _undecided() from error
        return _verdict(exchange.status, exchange.headers, body)
