from __future__ import annotations

import httpx
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_span_id

from brokers.dispatch import Dispatcher
from brokers.ingress import Ingress
from brokers.metrics import BrokerMetrics
from brokers.trigger import Trigger
from embedded.servers.process import free_port
from eventing.cloudevent import CloudEvent
from tests.brokers.subscriber import Subscriber, answers
from tests.brokers.test_ingress import Taken
from tests.brokers.test_trigger import given_trigger

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
EVENT = CloudEvent(
    "1",
    "/eco2/x",
    "eco2.x",
    "job",
    extensions={"run": "spans", "traceparent": TRACEPARENT, "tracestate": "a=b"},
)


def span_id(of: CloudEvent) -> str:
    return of.extensions["traceparent"].split("-")[2]


def parent(of: ReadableSpan) -> str:
    assert of.parent
    return format_span_id(of.parent.span_id)


async def accept(event: CloudEvent) -> CloudEvent:
    broker = Taken()
    headers, body = event.to_binary()
    transport = httpx.ASGITransport(Ingress(broker, BrokerMetrics()).app())
    async with httpx.AsyncClient(transport=transport, base_url="http://broker") as client:
        assert (await client.post("/", headers=headers, content=body)).status_code == 202
    return broker.events[0]


async def test_an_accepted_event_carries_the_span_of_its_acceptance(recorded: InMemorySpanExporter) -> None:
    stored = await accept(EVENT)
    (span,) = recorded.get_finished_spans()
    assert (span.name, span.kind) == ("send default", SpanKind.PRODUCER)
    assert span.attributes
    assert span.attributes["messaging.system"] == "eco2"
    assert span.attributes["cloudevents.event_id"] == "1"
    assert span.attributes["cloudevents.event_type"] == "eco2.x"
    assert span.attributes["cloudevents.event_subject"] == "job"
    assert parent(span) == "b7ad6b7169203331"
    assert stored.extensions["tracestate"] == "a=b"
    assert stored.extensions["traceparent"].split("-")[1] == TRACEPARENT.split("-")[1]
    assert span_id(stored) == format_span_id(span.context.span_id)


async def test_every_attempt_is_a_span_that_the_subscriber_gets(recorded: InMemorySpanExporter) -> None:
    subscriber = Subscriber("127.0.0.1", free_port())
    subscriber.start()
    subscriber.behave("spans", "/", answers(503, 202))
    url = f"http://127.0.0.1:{subscriber.port}/"
    trigger = Trigger(**given_trigger(subscriber=url, retry=1, backoff_delay_s=0))
    dispatcher = Dispatcher(trigger, BrokerMetrics(), "eco2")
    await dispatcher.deliver(EVENT)
    await dispatcher.close()
    subscriber.stop()
    first, second = recorded.get_finished_spans()
    assert [span_id(request.event) for request in subscriber.seen("spans")] == [
        format_span_id(span.context.span_id) for span in (first, second)
    ]
    assert {parent(span) for span in (first, second)} == {"b7ad6b7169203331"}
    assert {(span.name, span.kind) for span in (first, second)} == {
        (f"process {trigger.name}", SpanKind.CONSUMER)
    }
    assert first.attributes
    assert first.attributes["error.type"] == "503"
    assert (first.status.status_code, second.status.status_code) == (StatusCode.ERROR, StatusCode.UNSET)


async def test_without_a_recorder_an_event_passes_unchanged() -> None:
    assert await accept(EVENT) == EVENT
