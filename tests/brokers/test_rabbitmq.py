from __future__ import annotations

import uuid
from collections.abc import Iterator

import aiormq
import pytest

from brokers.rabbitmq.layout import Layout
from embedded.servers.rabbitmq import RabbitMQ
from tests.brokers.contract import Sent
from tests.brokers.durability import BrokerDurability, BrokerProcess, ids
from tests.brokers.subscriber import Gate, Subscriber, answers, wait_until


@pytest.fixture(scope="class")
def broker(
    rabbitmq: RabbitMQ, subscriber: Subscriber, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrokerProcess]:
    arguments = ["--amqp-url", rabbitmq.url, "--broker", uuid.uuid4().hex]
    folder = tmp_path_factory.mktemp("rabbitmq-broker")
    process = BrokerProcess("brokers.rabbitmq", arguments, folder, f"http://127.0.0.1:{subscriber.port}")
    process.start()
    yield process
    assert process.end() == 0, process.log


class TestRabbitMQBroker(BrokerDurability):
    @pytest.mark.parametrize("how", ["kill", "stop"])
    def test_rabbitmq_restarts_and_nothing_accepted_is_lost(
        self, broker: BrokerProcess, rabbitmq: RabbitMQ, sent: Sent, subscriber: Subscriber, how: str
    ) -> None:
        gate = Gate(subscriber)
        subscriber.behave(sent.run, "/held", gate)
        events = [sent.accept(sent.event("held")) for _ in range(30)]
        subscriber.wait(sent.run, "/held", count=5)
        rabbitmq.kill() if how == "kill" else rabbitmq.stop()
        wait_until(lambda: sent.post(sent.event("held")) == 500)
        assert not broker.ready()
        gate.open()
        rabbitmq.start()
        wait_until(broker.ready)
        events.append(sent.accept(sent.event("held")))
        wait_until(lambda: ids([r.event for r in subscriber.seen(sent.run, "/held")]) >= ids(events))


@pytest.mark.parametrize("of", ["plain", "plain/dead-letters"])
async def test_a_queue_that_was_deleted_is_declared_and_consumed_again(
    broker: BrokerProcess, rabbitmq: RabbitMQ, subscriber: Subscriber, of: str
) -> None:
    layout = Layout(broker=broker.arguments[-1])
    queue = layout.queue("plain") if of == "plain" else layout.dead_letter_queue("plain")
    async with aiormq.connect(rabbitmq.url) as connection:
        await (await connection.channel()).queue_delete(queue)
    sent = Sent(broker, uuid.uuid4().hex)
    subscriber.behave(sent.run, "/plain", answers(500))

    def arrives() -> bool:  # what is accepted before the queue is there again goes nowhere
        sent.accept(sent.event("plain"))
        return bool(subscriber.seen(sent.run, f"/{of}"))

    wait_until(arrives)
    assert broker.ready()
    assert f"stopped deliveries from {queue}" in broker.log


def test_an_event_in_queues_just_declared_outlives_a_crash_of_rabbitmq(
    broker: BrokerProcess, rabbitmq: RabbitMQ, subscriber: Subscriber
) -> None:
    sent = Sent(broker, uuid.uuid4().hex)
    gate = Gate(subscriber)
    subscriber.behave(sent.run, "/held", gate)
    event = sent.accept(sent.event("held"))
    before = subscriber.wait(sent.run, "/held")
    rabbitmq.kill()
    wait_until(lambda: not broker.ready())
    gate.open()
    rabbitmq.start()
    wait_until(broker.ready)
    again = subscriber.wait(sent.run, "/held", count=len(before) + 1)
    assert ids([request.event for request in again]) == {event.id}
