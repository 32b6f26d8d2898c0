"""Exchanges, queues and bindings of a broker and its triggers, named and laid out as Knative's controller does.

A cluster's uids come from its objects; here they follow from namespace and name, so that a restart finds its
queues. Knative forbids changing a trigger's filter in place; here the last bindings are remembered in a queue
of one message, and those that are not wanted any more are removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import aiormq
from aiormq import spec

from brokers.rabbitmq.message import PERSISTENT
from brokers.trigger import Trigger

# For one queue. RabbitMQ itself gives up on a queue without a leader after 60 s, and on the whole connection.
ANSWER_TIMEOUT_S = 50.0
# RabbitMQ answers before a new quorum queue's name is on disk: older Ra, that of RabbitMQ 3.10 among them, saves
# names.dets once half a second passed without a change, looked at every half second. Killed before that, RabbitMQ
# comes back without the queue's messages and with a queue that never elects a leader.
NAMES_SAVED_S = 2.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Layout:
    """The names of one broker's exchanges and queues; `uid` is the broker's, given by the cluster or derived."""

    namespace: str = "eco2"
    broker: str = "default"
    broker_uid: str = ""

    @property
    def uid(self) -> str:
        """The broker's uid."""
        return self.broker_uid or _uid(self.namespace, self.broker)

    @property
    def exchange(self) -> str:
        """The headers exchange that the ingress publishes to."""
        return f"b.{self.namespace}.{self.broker}.{self.uid}"

    @property
    def memory(self) -> str:
        """The queue that remembers the bindings."""
        return f"b.{self.namespace}.{self.broker}.bindings.{self.uid}"

    def queue(self, trigger: str) -> str:
        """The queue of a trigger."""
        return f"{self.namespace}.{trigger}.{self.uid}"

    def dead_letter_exchange(self, trigger: str) -> str:
        """The exchange to which a trigger's dispatcher publishes what it gave up on."""
        return f"t.{self.namespace}.{trigger}.dlx.{self._trigger_uid(trigger)}"

    def dead_letter_queue(self, trigger: str) -> str:
        """The queue from which dead letters go to their sink."""
        return f"t.{self.namespace}.{trigger}.dlq.{self._trigger_uid(trigger)}"

    def _trigger_uid(self, trigger: str) -> str:
        return _uid(self.namespace, self.broker, trigger)


async def declare(channel: aiormq.Channel, layout: Layout, triggers: Sequence[Trigger]) -> None:
    """Declare all exchanges, queues and bindings; repeating it changes nothing.

    When it returns, all of it outlives a crash of RabbitMQ. Raises AMQP errors when it is there in another form,
    TimeoutError naming what RabbitMQ does not answer for.
    """
    async with answered(layout.exchange):
        await channel.exchange_declare(layout.exchange, exchange_type="headers", durable=True)
    for trigger in triggers:
        async with answered(layout.queue(trigger.name)):
            await declare_trigger(channel, layout, trigger)
    async with answered(layout.memory):
        await _remember_bindings(channel, layout, triggers)


@contextlib.asynccontextmanager
async def answered(what: str) -> AsyncIterator[None]:
    """Bound the time of one step of opening, since many queues may take long while one may not. Raises TimeoutError."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            yield
    except TimeoutError as error:
        raise TimeoutError(
            f"no answer about {what} within {ANSWER_TIMEOUT_S:.0f} s; if it is a queue, "
            "`rabbitmq-queues quorum_status` tells whether it has a leader"
        ) from error


async def declare_trigger(channel: aiormq.Channel, layout: Layout, trigger: Trigger) -> None:
    """Declare a trigger's queues and what leads into them; the broker's exchange must be there."""
    arguments: dict[str, Any] = {"x-queue-type": "quorum"}
    if trigger.dead_letter_sink is not None:
        dead_letters = layout.dead_letter_exchange(trigger.name)
        await channel.exchange_declare(dead_letters, exchange_type="headers", durable=True)
        name = layout.dead_letter_queue(trigger.name)
        await channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum"})
        await channel.queue_bind(name, dead_letters, arguments=binding(trigger.name, {}))
        # What can't be parsed goes there too. Knative says so by a policy.
        arguments["x-dead-letter-exchange"] = dead_letters
    name = layout.queue(trigger.name)
    await channel.queue_declare(name, durable=True, arguments=arguments)
    await channel.queue_bind(name, layout.exchange, arguments=binding(trigger.name, dict(trigger.filter)))


def binding(trigger: str, attributes: dict[str, str]) -> dict[str, Any]:
    """Arguments of a binding that wants all of these attributes; names with x- are not compared."""
    return {**attributes, "x-match": "all", "x-knative-trigger": trigger}


async def _remember_bindings(channel: aiormq.Channel, layout: Layout, triggers: Sequence[Trigger]) -> None:
    wanted = {trigger.name: dict(trigger.filter) for trigger in triggers}
    await channel.queue_declare(layout.memory, durable=True, arguments={"x-max-length": 1})
    message = await channel.basic_get(layout.memory)
    remembered = json.loads(message.body) if message.body else {}
    for name, attributes in remembered.items():
        if wanted.get(name) != attributes:
            _log.info("trigger %s no longer wants %s", name, attributes)
            queue = layout.queue(name)
            await channel.queue_unbind(queue, layout.exchange, arguments=binding(name, attributes))
    if not wanted.keys() <= remembered.keys():  # nothing tells when the names are saved
        await asyncio.sleep(NAMES_SAVED_S)
    if remembered != wanted:
        kept = json.dumps(wanted).encode()
        lasting = spec.Basic.Properties(delivery_mode=PERSISTENT)
        await channel.basic_publish(kept, routing_key=layout.memory, properties=lasting)
    if message.delivery_tag is not None:
        if remembered == wanted:
            await channel.basic_nack(message.delivery_tag, requeue=True)
        else:
            await channel.basic_ack(message.delivery_tag)


def _uid(*names: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("eco2", *names))))
