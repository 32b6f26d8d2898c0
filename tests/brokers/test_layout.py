from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import aiormq
import pytest
from aiormq import Channel, spec
from pamqp.common import FieldTable

from brokers.rabbitmq.connection import open_channel
from brokers.rabbitmq.layout import Layout, declare
from brokers.rabbitmq.message import PERSISTENT, properties, to_event
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
async def channel(rabbitmq: RabbitMQ) -> AsyncIterator[Channel]:
    async with aiormq.connect(rabbitmq.url) as connection:
        yield await open_channel(connection, confirms=True)


def test_names_are_those_of_knative() -> None:
    layout = Layout("eco2", "default", "UID")
    assert layout.exchange == "b.eco2.default.UID"
    assert layout.queue("scan-vision") == "eco2.scan-vision.UID"
    assert layout.dead_letter_exchange("scan-vision").startswith("t.eco2.scan-vision.dlx.")
    assert layout.dead_letter_queue("scan-vision").startswith("t.eco2.scan-vision.dlq.")
    assert Layout().uid == Layout().uid != Layout(broker="other").uid


def test_an_event_survives_as_a_message() -> None:
    message = properties(EVENT)
    assert message.headers
    assert message.headers["type"] == "eco2.x"
    assert message.headers["content-type"] == message.content_type == "application/json"
    assert message.message_id == EVENT.id
    assert message.delivery_mode == PERSISTENT
    assert to_event(message, EVENT.data) == EVENT
    bare = CloudEvent("1", "/eco2/x", "eco2.x")
    assert to_event(properties(bare), b"") == bare


async def test_an_event_whose_id_is_longer_than_a_message_id_may_be_is_published(channel: Channel) -> None:
    long = replace(EVENT, id="사" * 86, datacontenttype=f"application/json; x={'y' * 255}")
    queue = (await channel.queue_declare(exclusive=True)).queue or ""
    await channel.basic_publish(long.data, routing_key=queue, properties=properties(long))
    came = await channel.basic_get(queue)
    assert to_event(came.header.properties, came.body) == long


def test_a_message_as_knatives_ingress_writes_it_is_read() -> None:
    headers: FieldTable = {
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
    event = to_event(spec.Basic.Properties(headers=headers, content_type="application/json"), b"{}")
    assert event.subject is None
    assert event.extensions == {"number": "5", "flag": "true"}


@pytest.mark.parametrize("headers", [None, {}, {"specversion": "1.0", "id": "1"}, {"id": "1", "type": "t"}])
def test_a_message_that_is_no_event_is_refused(headers: FieldTable | None) -> None:
    with pytest.raises(InvalidCloudEvent):
        to_event(spec.Basic.Properties(headers=headers, content_type="application/json"), b"{}")


async def test_declaring_again_changes_nothing_and_a_changed_filter_replaces_the_old(
    channel: Channel,
) -> None:
    layout = Layout(broker=uuid.uuid4().hex)
    trigger = Trigger(**given_trigger(filter={"type": "eco2.x"}))
    other = Trigger(**given_trigger(name="other", filter={"type": "eco2.x"}))

    async def routed(event: CloudEvent) -> list[int]:
        await channel.basic_publish(event.data, exchange=layout.exchange, properties=properties(event))
        queues = [layout.queue(name) for name in ("scan-vision", "other")]
        return [(await channel.queue_purge(queue)).message_count or 0 for queue in queues]

    for _ in range(2):
        await declare(channel, layout, [trigger, other])
    assert await routed(EVENT) == [1, 1]
    await declare(channel, layout, [replace(trigger, filter={"type": "eco2.y"}), other])
    assert await routed(EVENT) == [0, 1]
    assert await routed(replace(EVENT, type="eco2.y")) == [1, 0]
    await declare(channel, layout, [trigger])
    assert await routed(EVENT) == [1, 0], "a trigger that is gone gets nothing any more"
