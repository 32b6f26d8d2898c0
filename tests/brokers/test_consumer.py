from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import aiormq
import pytest
from aiormq import spec

from brokers.dispatch import Dispatcher, Settled
from brokers.errors import NotDurable
from brokers.metrics import BrokerMetrics
from brokers.rabbitmq import connection, consumer
from brokers.rabbitmq.broker import RabbitMQBroker
from brokers.rabbitmq.layout import Layout
from brokers.trigger import Trigger
from embedded.servers.rabbitmq import RabbitMQ
from eventing.cloudevent import CloudEvent
from tests.brokers.subscriber import Subscriber
from tests.brokers.test_trigger import given_trigger
from tests.brokers.test_trigger_queue import eventually

TYPE = "eco2.consumed"


def event() -> CloudEvent:
    return CloudEvent("1", "/eco2/x", TYPE, extensions={"run": uuid.uuid4().hex})


@pytest.fixture
async def broker(rabbitmq: RabbitMQ, subscriber: Subscriber) -> AsyncIterator[RabbitMQBroker]:
    """A broker in this process whose one trigger delivers one event at a time."""
    url = f"http://127.0.0.1:{subscriber.port}/"
    trigger = Trigger(
        **given_trigger(filter={"type": TYPE}, subscriber=url, in_flight=1, dead_letter_sink=None)
    )
    made = RabbitMQBroker(rabbitmq.url, [trigger], BrokerMetrics(), Layout(broker=uuid.uuid4().hex))
    await made.start()
    await eventually(lambda: made.ready)
    yield made
    await made.stop()
    assert not made.ready


async def test_a_message_that_is_no_event_is_rejected_and_holds_up_none(
    broker: RabbitMQBroker, rabbitmq: RabbitMQ, subscriber: Subscriber, caplog: pytest.LogCaptureFixture
) -> None:
    async with aiormq.connect(rabbitmq.url) as other:
        channel = await other.channel()
        named = spec.Basic.Properties(headers={"type": TYPE})
        await channel.basic_publish(b"?", exchange=broker.layout.exchange, properties=named)
    sent = event()
    assert await broker.publish(sent)
    await eventually(lambda: bool(subscriber.seen(sent.extensions["run"])))
    assert "is no event, rejected" in caplog.text


async def test_a_delivery_whose_outcome_is_not_confirmed_is_handed_out_again(
    broker: RabbitMQBroker, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "_HAND_BACK_S", 0.0)
    publish = broker._led_to
    refused: list[Settled] = []

    async def once_refused(settled: Settled, dispatcher: Dispatcher) -> None:
        if not refused:
            refused.append(settled)
            raise NotDurable("not now")
        await publish(settled, dispatcher)

    monkeypatch.setattr(broker._consumers[0], "_led_to", once_refused)
    sent = event()
    await broker.publish(sent)
    await eventually(lambda: len(subscriber.seen(sent.extensions["run"])) == 2)
    await eventually(lambda: not broker._consumers[0].tasks)


async def test_a_delivery_that_breaks_is_handed_out_again(
    broker: RabbitMQBroker,
    subscriber: Subscriber,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(consumer, "_HAND_BACK_S", 0.0)
    dispatcher = broker._consumers[0].dispatcher
    deliver = dispatcher.deliver
    broken: list[CloudEvent] = []

    async def once_broken(event: CloudEvent, **more: Any) -> Settled:
        if not broken:
            broken.append(event)
            raise ZeroDivisionError("a fault of ours")
        return await deliver(event, **more)

    monkeypatch.setattr(dispatcher, "deliver", once_broken)
    sent = event()
    await broker.publish(sent)
    await eventually(lambda: bool(subscriber.seen(sent.extensions["run"])))
    assert "broke, handed out again" in caplog.text


async def test_an_event_is_refused_while_rabbitmq_does_not_read(
    broker: RabbitMQBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "UNSENT_BYTES", -1)
    with pytest.raises(NotDurable, match="does not read"):
        await broker.publish(event())


async def test_an_event_is_refused_while_there_is_no_connection_and_stopping_does_not_wait_for_one() -> None:
    broker = RabbitMQBroker("amqp://127.0.0.1:1/", [], BrokerMetrics())
    with pytest.raises(NotDurable, match="no connection"):
        await broker.publish(event())
    await broker.start()
    await broker.stop()
