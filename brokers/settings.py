"""Settings of the brokers that run without Kubernetes."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import POSTGRESQL, REDIS, Secret, setting


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Settings of a broker process, used where its command line gives none."""

    triggers: str = setting("", "broker outside Kubernetes: file with its Triggers")
    database_url: Secret = setting(Secret(""), "PostgreSQL", **POSTGRESQL)
    redis_streams_url: Secret = setting(Secret(""), "Redis: progress streams; must not evict", **REDIS)
    watch: bool = setting(True, "deliveries are told to those who may watch them")
    amqp_url: Secret = setting(
        Secret(""),
        "RabbitMQ to use instead of starting one",
        pattern="amqps?://.+",
        expected="an amqp:// address",
    )
