"""The contract against a broker elsewhere, for instance Knative's on a cluster.

Set ECO2_CONFORMANCE_INGRESS to the Broker's address (status.address.url) and ECO2_CONFORMANCE_LISTEN to the
host:port where its dispatchers reach this machine. Beforehand make a Trigger of each entry which
`python -m tests.brokers.contract http://HOST:PORT` prints: filter.attributes as given, subscriber.uri,
delivery {retry, backoffDelay, backoffPolicy, timeout, deadLetterSink.uri}; `in_flight` is the annotation
rabbitmq.eventing.knative.dev/parallelism.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from tests.brokers.contract import BrokerContract


@dataclass(frozen=True)
class ForeignBroker:
    url: str


if INGRESS := os.environ.get("ECO2_CONFORMANCE_INGRESS"):

    class TestForeignBroker(BrokerContract):
        @pytest.fixture(scope="class")
        def broker(self) -> ForeignBroker:
            return ForeignBroker(str(INGRESS))
