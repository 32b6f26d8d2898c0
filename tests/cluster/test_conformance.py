"""The suite of brokers/ against Knative's own ingress and dispatchers, in a namespace that holds nothing else."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from localcluster import kubectl, network
from manifests.eventing import CONNECTION
from manifests.eventing import broker as platform_broker
from manifests.objects import NAMESPACE, Object, made
from manifests.triggers import BROKER, DISPATCHER, RABBITMQ, duration

from embedded.servers.process import free_port
from tests.brokers.contract import BrokerContract, Traits, triggers
from tests.brokers.subscriber import Subscriber
from tests.cluster.conftest import Cluster

READY_S = 120
OF_DISPATCHER = {f"{RABBITMQ}/{name}": value for name, value in DISPATCHER.items()}


TRAITS = Traits(keeps_time=False, keeps_trace=False, refuses_other_replies=False, says_why=False)


@dataclass(frozen=True)
class KnativeBroker:
    url: str
    traits: Traits = TRAITS


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    name = f"conformance-{uuid.uuid4().hex[:6]}"
    # RabbitMQ's operator takes objects of the namespace only that its connection is in.
    secret = kubectl.run("get", "secret", CONNECTION, "-n", NAMESPACE, "-o", "json")
    copied = {**json.loads(secret), "metadata": {"name": CONNECTION, "namespace": name}}
    kubectl.apply([made("v1", "Namespace", name, namespace=None), copied])
    yield name
    # Queues and exchanges in RabbitMQ are removed by the connection, so that goes last.
    for kind in ("triggers", "brokers"):
        _kubectl("delete", kind, "--all", "--cascade=foreground", namespace=name)
    _kubectl("delete", "namespace", name, namespace=name)


@pytest.fixture(scope="module")
def subscriber() -> Iterator[Subscriber]:
    """Where pods reach it."""
    running = Subscriber(network.NODE, free_port())
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="class")
def broker(namespace: str, subscriber: Subscriber) -> KnativeBroker:
    """A Broker of the platform's class, with the platform's RabbitMQ."""
    kubectl.apply(platform_broker(namespace))
    _kubectl("wait", "--for=condition=Ready", "broker", BROKER, namespace=namespace)
    entries = triggers(f"http://{network.NODE}:{subscriber.port}")
    kubectl.apply([_trigger(entry, namespace) for entry in entries])
    _kubectl("wait", "--for=condition=Ready", "trigger", "--all", namespace=namespace)
    ingress = f"{BROKER}-broker-ingress"
    found = kubectl.run("get", "service", ingress, "-n", namespace, "-o", "jsonpath={.spec.clusterIP}")
    return KnativeBroker(f"http://{found}")


class TestKnativeBroker(BrokerContract):
    """Its fixtures are those above."""


def _trigger(entry: dict[str, Any], namespace: str) -> Object:
    """A Trigger that says what an entry of the suite's list says."""
    delivery: dict[str, Any] = {
        "retry": entry["retry"],
        "backoffPolicy": entry["backoff_policy"],
        "backoffDelay": duration(entry["backoff_delay_s"]),
        "timeout": duration(entry["timeout_s"]),
    }
    if entry["dead_letter_sink"]:
        delivery["deadLetterSink"] = {"uri": entry["dead_letter_sink"]}
    return made(
        "eventing.knative.dev/v1",
        "Trigger",
        entry["name"],
        namespace=namespace,
        annotations={f"{RABBITMQ}/parallelism": str(entry["in_flight"]), **OF_DISPATCHER},
        spec={
            "broker": BROKER,
            "filter": {"attributes": entry["filter"]},
            "subscriber": {"uri": entry["subscriber"]},
            "delivery": delivery,
        },
    )


def _kubectl(*arguments: str, namespace: str) -> None:
    kubectl.run(*arguments, "-n", namespace, f"--timeout={READY_S}s", timeout_s=READY_S + 10)
