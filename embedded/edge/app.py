"""The edge's ASGI application: one request from the public port to the function that serves it.

Order: request id, CORS preflight, the edge's own paths, route, authorize, rate limit of the user (or of the
address), body, upstream. Nothing of an answer is buffered.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from embedded.cors import Cors
from embedded.edge.answers import ASGIApp, Headers, Problem, Receive, Scope, Send, answer, unavailable
from embedded.edge.authorize import IDENTITY, Authorizer
from embedded.edge.limits import Limiter
from embedded.edge.readiness import Readiness
from embedded.edge.routes import Route, Routes
from embedded.edge.upstream import Exchange, Upstream, UpstreamError

OBJECTS = b"/objects/"
LOOPBACK_FACTOR = 100
"""How many times an address' limit the loopback address gets: it stands for all users of a load test."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,128}")
_TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"})
_HOP_BY_HOP |= {b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"}
# Set by the edge for the upstream, whatever the client sent.
_REPLACED = _HOP_BY_HOP | {b"host", b"content-length", b"expect", b"x-request-id", b"traceparent"}
_REPLACED |= {b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded"}
_NOT_RETURNED = _HOP_BY_HOP | {b"x-request-id", b"vary", b"date", b"server"}
_REPEATABLE = frozenset({"GET", "HEAD", "DELETE"})
_log = logging.getLogger("eco2.edge")


@dataclass(slots=True)
class Edge:
    """The public port. `streams` are the exchanges that stay open; `drain` ends them."""

    routes: Routes
    upstream: Upstream
    authorizer: Authorizer
    cors: Cors
    readiness: Readiness
    objects: ASGIApp | None = None
    limiter: Limiter = field(default_factory=Limiter)
    most_open: int = 20_000
    streams: set[Exchange] = field(default_factory=set)
    open: int = 0
    draining: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            raise RuntimeError(f"{scope['type']} is not served here")
        started = monotonic()
        headers = dict(scope["headers"])
        request_id = headers.get(b"x-request-id", b"")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = os.urandom(16).hex().encode()
        headers[b"x-request-id"] = request_id
        if not _TRACEPARENT.fullmatch(headers.get(b"traceparent", b"")):
            headers[b"traceparent"] = b"00-%b-%b-01" % (
                os.urandom(16).hex().encode(),
                os.urandom(8).hex().encode(),
            )
            headers.pop(b"tracestate", None)
        origin = headers.get(b"origin", b"")
        if scope["raw_path"].startswith(OBJECTS) and self.objects:
            await self.objects({**scope, "headers": list(headers.items())}, receive, send)
            return
        if scope["method"] == "OPTIONS" and origin and b"access-control-request-method" in headers:
            status, answered = self.cors.preflight(origin)
            await answer(send, status, [*answered, (b"x-request-id", request_id)], b"")
            return
        common = [(b"x-request-id", request_id), *self.cors.headers(origin)]
        exchange = _Tracked(send)
        try:
            await self._serve(scope, headers, receive, exchange, common)
        except Problem as problem:
            if exchange.status:
                return  # too late for another answer: the server closes the connection, which tells
            body = problem.body(scope["path"], request_id.decode())
            common = [(b"content-type", b"application/problem+json"), *problem.headers, *common]
            await answer(exchange, problem.status, common, body, head=scope["method"] == "HEAD")
        finally:
            if exchange.status >= 400 and _log.isEnabledFor(logging.INFO):
                _log.info(
                    "%s %s %d",
                    scope["method"],
                    scope["path"],
                    exchange.status,
                    extra={
                        "request_id": request_id.decode(),
                        "duration_ms": round((monotonic() - started) * 1000),
                    },
                )

    async def _serve(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send, common: Headers
    ) -> None:
        path, method = scope["path"], scope["method"]
        if path.startswith("/health/"):
            status, body = (200, b'{"status":"live"}') if path == "/health/live" else await self._ready(path)
            common = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *common]
            await answer(send, status, common, body, head=method == "HEAD")
            return
        route = self._route(scope["raw_path"].decode("latin-1"), method)
        identity: Headers = []
        if route.auth:
            verdict = await self.authorizer.check(scope, headers)
            if verdict.status != 200:
                await answer(
                    send, verdict.status, [*verdict.headers, *common], verdict.body, head=method == "HEAD"
                )
                return
            identity = verdict.headers
        if route.limits:
            policy, caller = route.limits, dict(identity).get(b"x-user-id", b"").decode()
            if not caller:
                caller = scope["client"][0]
                if caller.startswith("127."):  # everybody on this machine
                    policy = policy.times(LOOPBACK_FACTOR)
            common = [*common, *self.limiter.take(policy, caller)]
        body = await _body(route.max_body, headers, receive)
        if self.open >= self.most_open or self.draining:
            raise unavailable("The service is at its limit; try again shortly.", code="OVERLOADED")
        request = _request(route, scope, headers, identity, body)
        self.open += 1
        try:
            await self._forward(route, request, scope, receive, send, common=common)
        finally:
            self.open -= 1

    async def _ready(self, path: str) -> tuple[int, bytes]:
        if path != "/health/ready":
            raise Problem(404, "NOT_FOUND", "There are /health/live and /health/ready.")
        return await self.readiness.document()

    def _route(self, path: str, method: str) -> Route:
        methods = self.routes.match(path)
        if not methods:
            raise Problem(404, "NOT_FOUND", "Nothing is served at this path; the API is below /api/v1.")
        route = methods.get("GET" if method == "HEAD" else method)
        if not route:
            allowed = ", ".join(sorted({*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))
            detail = f"This path takes {allowed}."
            raise Problem(405, "METHOD_NOT_ALLOWED", detail, [(b"allow", allowed.encode())])
        return route

    async def _forward(
        self, route: Route, request: bytes, scope: Scope, receive: Receive, send: Send, *, common: Headers
    ) -> None:
        method = scope["method"]
        try:
            exchange = await self.upstream.send(request, route.timeout_s, repeatable=method in _REPEATABLE)
        except UpstreamError as error:
            _log.warning("%s: %s", route.function, error)
            if error.timeout:
                raise unavailable("The answer took too long.", status=504, code="UPSTREAM_TIMEOUT") from error
            raise unavailable("The service is starting or restarting; try again shortly.") from error
        headers = [pair for pair in exchange.headers if _returned(pair[0])]
        headers += common
        try:
            await send({"type": "http.response.start", "status": exchange.status, "headers": headers})
            if method == "HEAD":
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            elif _is_stream(exchange.headers):
                await self._stream(exchange, receive, send)
            else:
                await _copy(exchange, send)
        except UpstreamError as error:
            raise unavailable("The answer broke off.") from error
        finally:
            exchange.close()

    async def _stream(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        exchange.no_deadline()
        self.streams.add(exchange)
        gone = asyncio.ensure_future(_disconnected(receive, exchange))
        try:
            # An upstream that breaks off ends the stream cleanly: the browser connects again either way.
            while piece := await _or_end(exchange):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self.streams.discard(exchange)

    def drain(self) -> None:
        """Take no more requests and end the open streams; clients come back to the next process."""
        self.draining = True
        for exchange in list(self.streams):
            exchange.close()


async def _body(most: int, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    length = headers.get(b"content-length", b"")
    if not length and b"transfer-encoding" not in headers:
        return b""
    too_large = Problem(413, "BODY_TOO_LARGE", f"A request body holds at most {most} bytes.")
    if length.isdigit() and int(length) > most:
        raise too_large
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "BODY_INCOMPLETE", "The connection closed before the body was complete.")
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > most:
            raise too_large
        more = message.get("more_body", False)
    return b"".join(pieces)


class _Tracked:
    """A `send` that remembers whether an answer was started."""

    __slots__ = ("_send", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Scope) -> None:
        if not self.status:
            self.status = message["status"]
        await self._send(message)


def _returned(name: bytes) -> bool:
    return name not in _NOT_RETURNED and not name.startswith((b"access-control-", *IDENTITY))


def _request(
    route: Route, scope: Scope, headers: Mapping[bytes, bytes], identity: Headers, body: bytes
) -> bytes:
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    lines = [b"%b %b HTTP/1.1" % (method.encode(), target), b"host: " + route.function.encode()]
    lines += [
        name + b": " + value
        for name, value in scope["headers"]
        if name not in _REPLACED and not name.startswith(IDENTITY)
    ]
    lines += [name + b": " + value for name, value in identity]
    lines += [
        b"x-request-id: " + headers[b"x-request-id"],
        b"traceparent: " + headers[b"traceparent"],
        b"x-forwarded-for: " + scope["client"][0].encode(),
        b"x-forwarded-host: " + headers.get(b"host", b""),
        b"x-forwarded-proto: " + scope["scheme"].encode(),
    ]
    if body or method not in ("GET", "DELETE"):
        lines.append(b"content-length: %d" % len(body))
    lines += [b"", body]
    return b"\r\n".join(lines)


def _is_stream(headers: Headers) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in headers)


async def _copy(exchange: Exchange, send: Send) -> None:
    while piece := await exchange.chunk():
        last = exchange.complete  # asked before `send`, during which more may come
        await send({"type": "http.response.body", "body": piece, "more_body": not last})
        if last:
            return
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _or_end(exchange: Exchange) -> bytes:
    try:
        return await exchange.chunk()
    except UpstreamError:
        return b""


async def _disconnected(receive: Receive, exchange: Exchange) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    exchange.close()
