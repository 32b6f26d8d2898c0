"""Subscriber and RabbitMQ for the suites; each is started once a test run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from embedded.servers.process import free_port
from embedded.servers.rabbitmq import RabbitMQ
from tests.brokers.subscriber import Subscriber


@pytest.fixture(scope="session")
def subscriber() -> Iterator[Subscriber]:
    """A running subscriber."""
    running = Subscriber("127.0.0.1", free_port())
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """A running RabbitMQ; fails with the package's name where it is not installed."""
    server = RabbitMQ(tmp_path_factory.mktemp("rabbitmq"))
    server.start()
    yield server
    server.stop()
