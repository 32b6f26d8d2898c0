"""Subscriber and RabbitMQ for the suites; each is started once a test run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from brokers.rabbitmq.server import RabbitMQ
from embedded.servers import free_port
from tests.brokers.subscriber import Subscriber


@pytest.fixture(scope="session")
def subscriber() -> Iterator[Subscriber]:
    """A running subscriber; ECO2_CONFORMANCE_LISTEN (host:port) says where triggers elsewhere reach it."""
    host, _, port = os.environ.get("ECO2_CONFORMANCE_LISTEN", "").rpartition(":")
    running = Subscriber(host or "127.0.0.1", int(port) if port else free_port())
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
