from __future__ import annotations

from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import httpx
import pytest

from brokers.errors import NotDurable
from brokers.ingress import Ingress
from brokers.metrics import BrokerMetrics
from eventing.cloudevent import MAX_EVENT_BYTES, CloudEvent

EVENT = CloudEvent("1", "/eco2/x", "eco2.x", datacontenttype="application/json", data=b"{}")


class Taken:
    """A broker that keeps what it is given."""

    system = "eco2"

    def __init__(self) -> None:
        self.events: list[CloudEvent] = []
        self.ready = self.wanted = True

    async def publish(self, event: CloudEvent) -> bool:
        if not self.ready:
            raise NotDurable("down")
        self.events.append(event)
        return self.wanted


@pytest.fixture
def broker() -> Taken:
    return Taken()


@pytest.fixture
def metrics() -> BrokerMetrics:
    return BrokerMetrics()


@pytest.fixture
async def client(broker: Taken, metrics: BrokerMetrics) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Ingress(broker, metrics).app())
    async with httpx.AsyncClient(transport=transport, base_url="http://broker") as made:
        yield made


async def test_an_event_is_published_and_counted_by_whether_anyone_wants_it(
    client: httpx.AsyncClient, broker: Taken
) -> None:
    headers, body = EVENT.to_binary()
    for broker.wanted in (True, False):
        answer = await client.post("/", headers=headers, content=body)
        assert (answer.status_code, answer.content) == (202, b"")
    assert broker.events == [EVENT, EVENT]
    counted = (await client.get("/metrics")).text
    for outcome in ("accepted", "unroutable"):
        assert f'eco2_broker_events_total{{outcome="{outcome}"}} 1.0' in counted


async def test_what_is_no_event_is_refused_with_every_finding(
    client: httpx.AsyncClient, broker: Taken
) -> None:
    answer = await client.post("/", headers={"ce-specversion": "1.0", "ce-id": "1"}, content=b"{}")
    assert answer.status_code == 400
    assert {"source", "type"} <= answer.json()["findings"].keys()
    assert not broker.events


async def test_the_largest_event_is_taken_and_one_byte_more_is_too_large(
    client: httpx.AsyncClient, broker: Taken
) -> None:
    headers, _ = EVENT.to_binary()
    statuses = [
        (await client.post("/", headers=headers, content=b"x" * size)).status_code
        for size in (MAX_EVENT_BYTES, MAX_EVENT_BYTES + 1)
    ]
    assert statuses == [202, 413]
    assert len(broker.events) == 1


async def test_a_body_without_end_is_read_no_further_than_the_limit(client: httpx.AsyncClient) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1000
            yield b"x" * 1000

    answer = await client.post("/", headers=EVENT.to_binary()[0], content=endless())
    assert answer.status_code == 413
    assert read <= MAX_EVENT_BYTES + 2000


async def test_an_event_that_can_not_be_stored_may_be_sent_again(
    client: httpx.AsyncClient, broker: Taken
) -> None:
    headers, body = EVENT.to_binary()
    broker.ready = False
    assert (await client.post("/", headers=headers, content=body)).status_code == 500
    assert (await client.get("/health/ready")).status_code == 503
    assert (await client.get("/health/live")).status_code == 200
    broker.ready = True
    assert (await client.get("/health/ready")).status_code == 200


async def test_other_paths_and_methods_are_not_there(client: httpx.AsyncClient) -> None:
    assert (await client.post("/other")).status_code == 404
    refused = await client.get("/")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


async def test_a_request_that_ends_within_its_body_publishes_nothing(
    broker: Taken, metrics: BrokerMetrics
) -> None:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in EVENT.to_binary()[0].items()]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    await Ingress(broker, metrics).app()(scope, receive, send)
    assert sent[0]["status"] == 400
    assert not broker.events
