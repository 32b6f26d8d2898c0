"""Exchanges, queues and bindings of a broker and its triggers, named and laid out as Knative's controller does.

A cluster's uids come from its objects; here they follow from namespace and name, so that a restart finds its
queues. Knative forbids changing a trigger's filter in place; here the last bindings are remembered in a queue
of one message, and those that are not wanted any more are removed.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from brokers.trigger import Trigger

if TYPE_CHECKING:
    from aiormq.channel import Channel

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Layout:
    """Names below one broker; `uid` is the broker's, given by the cluster or derived."""

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
        """Where a trigger's dispatcher publishes what it gave up on."""
        return f"t.{self.namespace}.{trigger}.dlx.{self._trigger_uid(trigger)}"

    def dead_letter_queue(self, trigger: str) -> str:
        """The queue from which dead letters go to their sink."""
        return f"t.{self.namespace}.{trigger}.dlq.{self._trigger_uid(trigger)}"

    def _trigger_uid(self, trigger: str) -> str:
        return _uid(self.namespace, self.broker, trigger)


async def declare(channel: Channel, layout: Layout, triggers: Sequence[Trigger]) -> None:
    """Declare everything; repeating it changes nothing. Raises AMQP errors when it is there in another form."""
    await channel.exchange_declare(layout.exchange, exchange_type="headers", durable=True)
    for trigger in triggers:
        arguments: dict[str, Any] = {"x-queue-type": "quorum"}
        if trigger.dead_letter_sink is not None:
            exchange = layout.dead_letter_exchange(trigger.name)
            queue = layout.dead_letter_queue(trigger.name)
            await channel.exchange_declare(exchange, exchange_type="headers", durable=True)
            await channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
            await channel.queue_bind(queue, exchange, arguments=binding(trigger.name, {}))
            # What can't be parsed goes there too. Knative says so by a policy.
            arguments["x-dead-letter-exchange"] = exchange
        await channel.queue_declare(layout.queue(trigger.name), durable=True, arguments=arguments)
        await channel.queue_bind(
            layout.queue(trigger.name), layout.exchange, arguments=binding(trigger.name, dict(trigger.filter))
        )
    await _forget_old_bindings(channel, layout, triggers)


def binding(trigger: str, attributes: dict[str, str]) -> dict[str, Any]:
    """Arguments of a binding that wants all of these attributes; names with x- are not compared."""
    return {**attributes, "x-match": "all", "x-knative-trigger": trigger}


async def _forget_old_bindings(channel: Channel, layout: Layout, triggers: Sequence[Trigger]) -> None:
    wanted = {trigger.name: dict(trigger.filter) for trigger in triggers}
    await channel.queue_declare(layout.memory, durable=True, arguments={"x-max-length": 1})
    message = await channel.basic_get(layout.memory, no_ack=False)
    tag = message.delivery_tag
    remembered = json.loads(message.body) if message.body else {}
    for name, attributes in remembered.items():
        if wanted.get(name) != attributes:
            _log.info("trigger %s no longer wants %s", name, attributes)
            await channel.queue_unbind(
                layout.queue(name), layout.exchange, arguments=binding(name, attributes)
            )
    if remembered != wanted:
        await channel.basic_publish(json.dumps(wanted).encode(), routing_key=layout.memory)
    if tag is not None:
        if remembered == wanted:
            await channel.basic_nack(tag, requeue=True)
        else:
            await channel.basic_ack(tag)


def _uid(*names: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("eco2", *names))))
