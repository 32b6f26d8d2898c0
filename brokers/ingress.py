"""The HTTP side of a broker, as Knative's ingress answers: one event a POST to `/`, 202 once it is durable.

400 no valid CloudEvent, 404 another path, 405 another method, 413 too large, 500 it could not be stored.
GET /health/live, /health/ready and /metrics lie on the same port.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from brokers.errors import Unavailable
from brokers.metrics import CONTENT_TYPE, Metrics
from eventing.cloudevent import CloudEvent, InvalidCloudEvent, decode

MAX_EVENT_BYTES = 100 * 1024
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_log = logging.getLogger(__name__)


class Broker(Protocol):
    """What the ingress needs of a broker."""

    @property
    def ready(self) -> bool:
        """Whether an event would be taken now."""

    async def publish(self, event: CloudEvent) -> bool:
        """Return once the event is durable: whether any trigger wants it. Raises Unavailable."""


class TooLarge(ValueError):
    """The body is over MAX_EVENT_BYTES."""


class Ingress:
    """ASGI application over a broker. Bare, because a framework would cost more than the work done here."""

    def __init__(self, broker: Broker, metrics: Metrics) -> None:
        self.broker = broker
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["path"] != "/":
            await self._observe(scope, send)
        elif scope["method"] != "POST":
            await _answer(send, 405, b"", b"text/plain", (b"allow", b"POST"))
        else:
            await self._accept(scope, receive, send)

    async def _accept(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await _body(receive)
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            event = decode(headers, body, max_bytes=MAX_EVENT_BYTES)
            routed = await self.broker.publish(event)
        except TooLarge as large:
            self.metrics.invalid.inc()
            await _answer(send, 413, str(large).encode(), b"text/plain")
        except InvalidCloudEvent as invalid:
            self.metrics.invalid.inc()
            finding = json.dumps({"findings": invalid.findings}, ensure_ascii=False).encode()
            await _answer(send, 400, finding, b"application/json")
        except Unavailable as unavailable:
            self.metrics.failed.inc()
            _log.warning("event not taken: %s", unavailable)
            await _answer(send, 500, b"the event could not be stored; send it again", b"text/plain")
        else:
            (self.metrics.accepted if routed else self.metrics.unroutable).inc()
            await _answer(send, 202)

    async def _observe(self, scope: Scope, send: Send) -> None:
        match scope["path"]:
            case "/health/live":
                await _answer(send, 200, b"live", b"text/plain")
            case "/health/ready":
                ready = self.broker.ready
                await _answer(send, 200 if ready else 503, b"ready" if ready else b"not ready", b"text/plain")
            case "/metrics":
                await _answer(send, 200, self.metrics.text(), CONTENT_TYPE.encode())
            case _:
                await _answer(send, 404)


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > MAX_EVENT_BYTES:
            raise TooLarge(f"an event has at most {MAX_EVENT_BYTES} bytes")
        return body
    parts = [body]
    size = len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidCloudEvent({"data": ["the request ended early"]})
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_EVENT_BYTES:
            raise TooLarge(f"an event has at most {MAX_EVENT_BYTES} bytes")
    return b"".join(parts)


async def _answer(
    send: Send, status: int, body: bytes = b"", content_type: bytes = b"", *more: tuple[bytes, bytes]
) -> None:
    headers = [(b"content-length", str(len(body)).encode()), *more]
    if content_type:
        headers.append((b"content-type", content_type))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
