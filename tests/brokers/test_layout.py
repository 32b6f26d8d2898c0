from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import aio_pika
import pytest
from aio_pika import DeliveryMode
from aio_pika.abc import AbstractChannel

from brokers.rabbitmq.layout import Layout, declare
from brokers.rabbitmq.message import to_event, to_message
from brokers.trigger import Trigger
from embedded.servers.rabbitmq import RabbitMQ
from eventing.cloudevent import CloudEvent, InvalidCloudEvent
from tests.brokers.test_trigger import given_trigger

EVENT = CloudEvent(
    "1",
    "/eco2/x",
    "eco2.x",
    "사진",
    "2026-01-31T09:30:00Z",
    "application/json",
    "https://eco2.example/x/1",
    {"userid": "u", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "empty": ""},
    b'{"a": 1}',
)


@pytest.fixture
async def channel(rabbitmq: RabbitMQ) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(rabbitmq.url) as connection:
        yield await connection.channel()


def test_names_are_those_of_knative() -> None:
    layout = Layout("eco2", "default", "UID")
    assert layout.exchange == "b.eco2.default.UID"
    assert layout.queue("scan-vision") == "eco2.scan-vision.UID"
    assert layout.dead_letter_exchange("scan-vision").startswith("t.eco2.scan-vision.dlx.")
    assert layout.dead_letter_queue("scan-vision").startswith("t.eco2.scan-vision.dlq.")
    assert Layout().uid == Layout().uid != Layout(broker="other").uid


def test_an_event_survives_as_a_message() -> None:
    message = to_message(EVENT)
    assert message.headers["type"] == "eco2.x"
    assert message.headers["content-type"] == message.content_type == "application/json"
    assert message.delivery_mode == DeliveryMode.PERSISTENT
    assert to_event(message.headers, message.content_type, EVENT.data) == EVENT
    bare = CloudEvent("1", "/eco2/x", "eco2.x")
    message = to_message(bare)
    assert to_event(message.headers, message.content_type, b"") == bare


def test_a_message_as_knatives_ingress_writes_it_is_read() -> None:
    headers = {
        "content-type": "application/json",
        "specversion": "1.0",
        "time": "2026-01-31T09:30:00Z",
        "id": "1",
        "type": "eco2.x",
        "source": "/eco2/x",
        "subject": "",
        "number": 5,
        "flag": True,
        "x-death": [{"count": 1}],
    }
    event = to_event(headers, "application/json", b"{}")
    assert event.subject is None
    assert event.extensions == {"number": "5", "flag": "true"}


@pytest.mark.parametrize("headers", [None, {}, {"specversion": "1.0", "id": "1"}, {"id": "1", "type": "t"}])
def test_a_message_that_is_no_event_is_refused(headers: dict[str, str] | None) -> None:
    with pytest.raises(InvalidCloudEvent):
        to_event(headers, "application/json", b"{}")


async def test_declaring_again_changes_nothing_and_a_changed_filter_replaces_the_old(
    channel: AbstractChannel,
) -> None:
    layout = Layout(broker=uuid.uuid4().hex)
    trigger = Trigger(**given_trigger(filter={"type": "eco2.x"}))
    other = Trigger(**given_trigger(name="other", filter={"type": "eco2.x"}))

    async def routed(event: CloudEvent) -> list[int]:
        exchange = await channel.get_exchange(layout.exchange, ensure=False)
        await exchange.publish(to_message(event), "", mandatory=False)
        queues = [
            await channel.get_queue(layout.queue(name), ensure=False) for name in ("scan-vision", "other")
        ]
        return [(await queue.purge()).message_count or 0 for queue in queues]

    for _ in range(2):
        await declare(channel, layout, [trigger, other])
    assert await routed(EVENT) == [1, 1]
    await declare(channel, layout, [replace(trigger, filter={"type": "eco2.y"}), other])
    assert await routed(EVENT) == [0, 1]
    assert await routed(replace(EVENT, type="eco2.y")) == [1, 0]
    await declare(channel, layout, [trigger])
    assert await routed(EVENT) == [1, 0], "a trigger that is gone gets nothing any more"
