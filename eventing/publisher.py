"""Send an event to the sink that the platform injected (K_SINK), in binary content mode."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eventing import trace
from eventing.cloudevent import CloudEvent
from eventing.errors import PublishFailed

if TYPE_CHECKING:
    from aiohttp import ClientSession

__all__ = ["PublishFailed", "Publisher", "retryable", "traced"]

_RETRYABLE = frozenset((404, 408, 409, 429))
_CONNECT_TIMEOUT_S = 2.0
_TRACE = ("traceparent", "tracestate")


def retryable(status: int) -> bool:
    """Whether Knative would send again after this status (eventing: delivery guarantees)."""
    return status in _RETRYABLE or status >= 500


def traced(event: CloudEvent, span: trace.TraceContext | None = None) -> CloudEvent:
    """The event with `span` (the current one) as `traceparent` and `tracestate`, unless it carries its own."""
    span = span or trace.current.get()
    if span is None or "traceparent" in event.extensions:
        return event
    extensions = {**event.extensions, "traceparent": span.traceparent}
    if span.tracestate:
        extensions["tracestate"] = span.tracestate
    return replace(event, extensions=extensions)


class Publisher:
    """A keep-alive HTTP client of one sink, opened by the first event. It sends once; retry where it is safe.

    `timeout_s` bounds one publish from connecting to the status line.
    """

    def __init__(self, sink_url: str, *, timeout_s: float = 5.0, connections: int = 100) -> None:
        self.sink_url = sink_url
        self.timeout_s = timeout_s
        self.connections = connections
        self._session: ClientSession | None = None

    async def publish(self, event: CloudEvent) -> None:
        """Return once the sink has accepted the event (2xx). Raises PublishFailed."""
        from aiohttp import ClientError

        sent = traced(event)
        headers, body = sent.to_binary()
        # As headers as well: Knative's RabbitMQ broker loses a trace without `tracestate` that has extensions only.
        headers |= {name: sent.extensions[name] for name in _TRACE if name in sent.extensions}
        session = self._session or self._open()
        try:
            async with session.post(
                self.sink_url,
                data=body,
                headers=headers,
                allow_redirects=False,
                skip_auto_headers=("content-type", "accept-encoding", "user-agent"),
            ) as response:
                status = response.status
        except TimeoutError as error:
            reason = f"{self.sink_url} did not answer within {self.timeout_s} s"
            raise PublishFailed(reason, retryable=True) from error
        except ClientError as error:
            raise PublishFailed(f"{self.sink_url} is out of reach: {error}", retryable=True) from error
        if not 200 <= status < 300:
            reason = f"{self.sink_url} answered {status} to event {event.id} of type {event.type}"
            raise PublishFailed(reason, retryable=retryable(status), status=status)

    async def close(self) -> None:
        """Close the connections. A later publish opens new ones."""
        session, self._session = self._session, None
        if session:
            await session.close()

    def _open(self) -> ClientSession:
        import aiohttp

        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.connections, keepalive_timeout=30),
            timeout=aiohttp.ClientTimeout(total=self.timeout_s, sock_connect=_CONNECT_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self._session
