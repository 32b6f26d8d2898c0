from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from embedded.servers.process import free_port
from eventing.cloudevent import CloudEvent, decode
from eventing.publisher import Publisher, PublishFailed
from process import tracing

EVENT = CloudEvent("1", "/eco2/scan/submit", "eco2.scan.requested", subject="페트병", data=b"\x00\xff")


class Sink:
    """Answers with `status` after `delay_s`, keeps what it got."""

    status = 202
    delay_s = 0.0

    def __init__(self) -> None:
        self.received: list[CloudEvent] = []
        self.traceparents: list[str | None] = []

    async def handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(decode(headers, await request.read()))
        self.traceparents.append(headers.get("traceparent"))
        await asyncio.sleep(self.delay_s)
        return web.Response(status=self.status, headers={"location": "/elsewhere"})


@pytest.fixture
async def sink() -> AsyncIterator[tuple[Sink, Publisher]]:
    received = Sink()
    app = web.Application()
    app.router.add_post("/", received.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    publisher = Publisher(f"http://127.0.0.1:{port}/", timeout_s=1.0)
    yield received, publisher
    await publisher.close()
    await runner.cleanup()


async def test_an_event_arrives_as_it_was_published(sink: tuple[Sink, Publisher]) -> None:
    received, publisher = sink
    with_type = replace(EVENT, datacontenttype="application/json", data=b"{}")

    await publisher.publish(EVENT)
    await publisher.publish(with_type)

    assert received.received == [EVENT, with_type]


async def test_the_current_span_travels_unless_the_event_carries_its_own(
    sink: tuple[Sink, Publisher],
) -> None:
    received, publisher = sink
    own = replace(EVENT, extensions={"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"})
    with tracing.span("work", parent={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "a=b"}):
        carried = tracing.carried()
        await publisher.publish(EVENT)
        await publisher.publish(own)

    assert carried["traceparent"].startswith(f"00-{'a' * 32}-")
    assert received.received[0].extensions == carried
    assert received.received[1] == own
    assert received.traceparents == [carried["traceparent"], own.extensions["traceparent"]]


async def test_a_recorded_event_follows_the_span_of_its_sending(
    sink: tuple[Sink, Publisher], recorded: InMemorySpanExporter
) -> None:
    """An event from an outbox goes on below where it was written, not below what relays it."""
    received, publisher = sink
    stored = replace(EVENT, extensions={"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"})
    with tracing.span("relay"):
        await publisher.publish(EVENT)
        await publisher.publish(stored)
    fresh, relayed, relay = recorded.get_finished_spans()
    assert {fresh.name, relayed.name} == {"send eco2.scan.requested"}
    assert fresh.parent
    assert relayed.parent
    assert fresh.parent.span_id == relay.context.span_id
    assert f"{relayed.parent.span_id:016x}" == "2" * 16
    carried = [event.extensions["traceparent"].split("-")[2] for event in received.received]
    assert carried == [f"{span.context.span_id:016x}" for span in (fresh, relayed)]


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        (400, False),
        (404, True),
        (408, True),
        (409, True),
        (413, False),
        (429, True),
        (500, True),
        (503, True),
        (307, False),
    ],
)
async def test_a_refusal_says_whether_to_retry(
    sink: tuple[Sink, Publisher], status: int, retryable: bool
) -> None:
    received, publisher = sink
    received.status = status

    with pytest.raises(PublishFailed, match=str(status)) as failed:
        await publisher.publish(EVENT)
    assert (failed.value.retryable, failed.value.status) == (retryable, status)


async def test_a_sink_that_does_not_answer_in_time_may_be_retried(sink: tuple[Sink, Publisher]) -> None:
    received, publisher = sink
    received.delay_s = 5.0
    publisher.timeout_s = 0.1

    with pytest.raises(PublishFailed, match="did not answer") as failed:
        await publisher.publish(EVENT)
    assert failed.value.retryable
    assert failed.value.status is None


async def test_a_sink_out_of_reach_may_be_retried_and_closing_twice_is_fine() -> None:
    publisher = Publisher(f"http://127.0.0.1:{free_port()}/")

    with pytest.raises(PublishFailed, match="out of reach") as failed:
        await publisher.publish(EVENT)
    assert failed.value.retryable
    await publisher.close()
    await publisher.close()
