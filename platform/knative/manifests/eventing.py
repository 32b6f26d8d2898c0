"""The Broker with its RabbitMQ, its address for the functions, and the clocks."""

from __future__ import annotations

import json

from eventing.clock import TICK
from functions.ops.clocks import CLOCKS
from manifests.objects import NAMESPACE, PART_OF, Object, made
from manifests.triggers import BROKER, DISPATCHER, RABBITMQ

CONNECTION = "eco2-rabbitmq"
"""Secret with `uri` of RabbitMQ's management API, `username`, `password` and `port` of AMQP."""
VHOST = "eco2"
LEAST_S = 60
"""Between two ticks: at the embedded platform's five seconds three functions would never scale to zero."""
BROKER_REF = {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": BROKER}


def broker(namespace: str = NAMESPACE) -> list[Object]:
    """The Broker, with quorum queues, so that an accepted event survives the loss of a RabbitMQ node."""
    config = {"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "RabbitmqBrokerConfig", "name": BROKER}
    return [
        made(
            "eventing.knative.dev/v1alpha1",
            "RabbitmqBrokerConfig",
            BROKER,
            namespace=namespace,
            spec={
                "queueType": "quorum",
                "vhost": VHOST,
                "rabbitmqClusterReference": {
                    "namespace": namespace,
                    "connectionSecret": {"name": CONNECTION},
                },
            },
        ),
        made(
            "eventing.knative.dev/v1",
            "Broker",
            BROKER,
            namespace=namespace,
            annotations={
                "eventing.knative.dev/broker.class": "RabbitMQBroker",
                **{f"{RABBITMQ}/{name}": value for name, value in DISPATCHER.items()},
            },
            spec={"config": config},
        ),
    ]


def sink_binding() -> Object:
    """The SinkBinding that tells functions the Broker's address as K_SINK, also those that `func deploy` brings."""
    return made(
        "sources.knative.dev/v1",
        "SinkBinding",
        "functions",
        spec={
            "subject": {
                "apiVersion": "serving.knative.dev/v1",
                "kind": "Service",
                "selector": {"matchLabels": PART_OF},
            },
            "sink": {"ref": BROKER_REF},
        },
    )


def clocks() -> list[Object]:
    """The clocks: a PingSource a clock; its ticks name the event that they stand for."""
    return [
        made(
            "sources.knative.dev/v1",
            "PingSource",
            clock.name,
            labels={"app.kubernetes.io/component": "clock"},
            spec={
                "schedule": cron(max(LEAST_S, clock.every_s)),
                "contentType": "application/json",
                "data": json.dumps(dict(clock.data)),
                "ceOverrides": {"extensions": {TICK: clock.event.type}},
                "sink": {"ref": BROKER_REF},
            },
        )
        for clock in CLOCKS
    ]


def cron(every_s: int) -> str:
    """A period of so many seconds in cron's words with a field for seconds.

    Raises ValueError for what cron can't say.
    """
    if every_s < 60 and 60 % every_s == 0:
        return f"*/{every_s} * * * * *"
    if every_s % 60 == 0 and 60 % (every_s // 60) == 0:
        return f"0 */{every_s // 60} * * * *"
    raise ValueError(f"cron can't say every {every_s} seconds: choose a divisor of a minute or of an hour")
