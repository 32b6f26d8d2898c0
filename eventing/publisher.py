"""The publisher sends events to the sink that the platform injected (K_SINK), in binary content mode."""

from __future__ import annotations

from eventing.cloudevent import CloudEvent
from eventing.errors import NoAnswer, PublishFailed
from eventing.sender import Sender
from eventing.tracing import CARRIED, KNATIVE, attributes, below, traced
from process import tracing

__all__ = ["PublishFailed", "Publisher", "retryable"]

_RETRYABLE = frozenset((404, 408, 409, 429))


def retryable(status: int) -> bool:
    """Whether Knative would send again after this status (eventing: delivery guarantees)."""
    return status in _RETRYABLE or status >= 500


class Publisher:
    """A publisher to one sink. It sends an event once; retry where it is safe.

    `timeout_s` bounds one publish from connecting to the end of the answer.
    """

    def __init__(self, sink_url: str, *, timeout_s: float = 5.0, connections: int = 100) -> None:
        self.timeout_s = timeout_s
        self._sender = Sender(sink_url, connections=connections)

    async def publish(self, event: CloudEvent) -> None:
        """Return once the sink has accepted the event (2xx). Raises PublishFailed."""
        if not tracing.recording():
            await self._send(traced(event))
            return
        # An event from an outbox goes on where it was written, not where it is relayed.
        with tracing.span(
            f"send {event.type}",
            parent=event.extensions if "traceparent" in event.extensions else None,
            kind=tracing.SpanKind.PRODUCER,
            attributes=attributes(event, KNATIVE, "send", "default"),
        ):
            await self._send(below(event))

    async def _send(self, sent: CloudEvent) -> None:
        headers, body = sent.to_binary()
        # As headers as well: Knative's RabbitMQ broker loses a trace without `tracestate` that has extensions only.
        headers |= {name: sent.extensions[name] for name in CARRIED if name in sent.extensions}
        try:
            answer = await self._sender.post(headers, body, self.timeout_s)
        except NoAnswer as error:
            raise PublishFailed(str(error), retryable=True) from error
        status = answer.status
        if not 200 <= status < 300:
            reason = f"{self._sender.url} answered {status} to event {sent.id} of type {sent.type}"
            raise PublishFailed(reason, retryable=retryable(status), status=status)

    async def close(self) -> None:
        """Close the connections. A later publish opens new ones."""
        await self._sender.close()
