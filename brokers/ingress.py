"""The HTTP side of a broker, as Knative's ingress answers: one event a POST to `/`, 202 once it is durable.

400 no valid CloudEvent, 404 another path, 405 another method, 413 too large, 500 it could not be stored.
GET /health/live, /health/ready and /metrics lie on the same port.
"""

from __future__ import annotations

import logging
from typing import Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router

from brokers import spans, watching
from brokers.errors import NotDurable
from brokers.metrics import CONTENT_TYPE, BrokerMetrics
from eventing.cloudevent import MAX_EVENT_BYTES, CloudEvent, InvalidCloudEvent, decode

_log = logging.getLogger(__name__)


class Broker(Protocol):
    """A broker as the ingress sees it. `system` names it in spans."""

    system: str

    @property
    def ready(self) -> bool:
        """Whether the broker would take an event now."""

    async def publish(self, event: CloudEvent) -> bool:
        """Make the event durable; gives whether any trigger wants it. Raises NotDurable."""


class EventTooLarge(ValueError):
    """The body of a request is over MAX_EVENT_BYTES."""


class Ingress:
    """The ingress of one broker: its routes and their handlers."""

    def __init__(self, broker: Broker, metrics: BrokerMetrics) -> None:
        self.broker = broker
        self.metrics = metrics

    def app(self) -> Router:
        """The ASGI application: routes alone, since an event needs none of Starlette's middleware."""
        return Router(
            [
                Route("/", self.accept, methods=["POST"]),
                Route("/health/live", self.live),
                Route("/health/ready", self.ready),
                Route("/metrics", self.measured),
            ],
            redirect_slashes=False,
        )

    async def accept(self, request: Request) -> Response:
        """Publish the event that the request carries."""
        try:
            body = await _body(request)
            event = decode(dict(request.headers.items()), body)
            with spans.accepting(event, self.broker.system) as accepted:
                routed = await self.broker.publish(accepted)
                watching.arrived(accepted)
        except EventTooLarge as large:
            self.metrics.invalid.inc()
            return PlainTextResponse(str(large), 413)
        except InvalidCloudEvent as invalid:
            self.metrics.invalid.inc()
            return JSONResponse({"findings": invalid.findings}, 400)
        except NotDurable as not_durable:
            self.metrics.failed.inc()
            _log.warning("event not taken: %s", not_durable)
            return PlainTextResponse("the event could not be stored; send it again", 500)
        (self.metrics.accepted if routed else self.metrics.unroutable).inc()
        return Response(status_code=202)

    async def live(self, _request: Request) -> Response:
        """Answer GET /health/live."""
        return PlainTextResponse("live")

    async def ready(self, _request: Request) -> Response:
        """Answer GET /health/ready: 503 while the broker takes no events."""
        return PlainTextResponse("ready") if self.broker.ready else PlainTextResponse("not ready", 503)

    async def measured(self, _request: Request) -> Response:
        """Answer GET /metrics."""
        return Response(self.metrics.text(), headers={"content-type": CONTENT_TYPE})


async def _body(request: Request) -> bytes:
    """The request's whole body. Raises EventTooLarge once it is, InvalidCloudEvent when the client leaves within it."""
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > MAX_EVENT_BYTES:
                raise EventTooLarge(f"an event has at most {MAX_EVENT_BYTES} bytes")
            pieces.append(piece)
    except ClientDisconnect:
        raise InvalidCloudEvent({"data": ["the request ended early"]}) from None
    return b"".join(pieces)
