"""Settings of the brokers that run without Kubernetes."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import Secret, setting


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Settings of a broker process, used where its command line gives none."""

    triggers: str = setting("", "broker outside Kubernetes: file with its Triggers")
    database_url: Secret = setting(Secret(""), "PostgreSQL")
    amqp_url: Secret = setting(Secret(""), "RabbitMQ to use instead of starting one")
