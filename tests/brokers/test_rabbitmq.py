from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from brokers.rabbitmq.server import RabbitMQ
from tests.brokers.contract import Sent
from tests.brokers.durability import BrokerDurability, BrokerProcess, ids
from tests.brokers.subscriber import Gate, Subscriber, wait_until


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
