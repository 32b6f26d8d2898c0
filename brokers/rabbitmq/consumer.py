"""The consumer of one queue: takes deliveries, dispatches them, acknowledges once what they led to is durable."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiormq
from aiormq.abc import AbstractConnection, DeliveredMessage

from brokers.dispatch import Dispatcher, Settled
from brokers.errors import NotDurable
from brokers.rabbitmq import message
from brokers.rabbitmq.connection import TROUBLE, open_channel
from brokers.rabbitmq.layout import answered
from eventing.cloudevent import InvalidCloudEvent

_HAND_BACK_S = 1.0
_CANCEL_TIMEOUT_S = 2.0
_log = logging.getLogger(__name__)


class Consumer:
    """A consumer of one queue; every delivery is a task, and the prefetch bounds how many there are.

    `declare` declares the queue and what leads into it, `led_to` publishes what a delivery came to and raises
    NotDurable when that is not confirmed.
    """

    def __init__(
        self,
        queue: str,
        dispatcher: Dispatcher,
        declare: Callable[[aiormq.Channel], Awaitable[None]],
        led_to: Callable[[Settled, Dispatcher], Awaitable[None]],
    ) -> None:
        self.queue = queue
        self.dispatcher = dispatcher
        self.consuming = False
        self.tasks: set[asyncio.Task[None]] = set()
        self._declare = declare
        self._led_to = led_to
        self._taken: tuple[aiormq.Channel, str] | None = None
        dispatcher.metrics.in_flight.set_function(lambda: len(self.tasks))

    async def run(
        self, connection: AbstractConnection, closed: Callable[[asyncio.Future[Any]], None]
    ) -> None:
        """Consume until cancelled; raises AMQP errors and TimeoutError. `closed` is called when the channel closes.

        When RabbitMQ cancels the consumer, because the queue was deleted or moved, the queue is declared and
        consumed again.
        """
        async with answered(self.queue):
            channel = await open_channel(connection, confirms=False)
            channel.closing.add_done_callback(closed)
            await channel.basic_qos(prefetch_count=self.dispatcher.trigger.in_flight)
        cancelled = asyncio.Event()
        channel.on_consumer_cancel_callbacks.add(lambda _frame: cancelled.set())
        while True:
            async with answered(self.queue):
                began = await channel.basic_consume(self.queue, self._deliver)
                self._taken = channel, began.consumer_tag or ""
            self.consuming = True
            await cancelled.wait()
            cancelled.clear()
            self.consuming = False
            _log.warning("RabbitMQ stopped deliveries from %s; it is declared and consumed again", self.queue)
            async with answered(self.queue):
                await self._declare(channel)

    async def cancel(self) -> None:
        """Ask RabbitMQ for no more deliveries."""
        if self._taken is not None:
            channel, tag = self._taken
            with contextlib.suppress(*TROUBLE):
                await channel.basic_cancel(tag, timeout=_CANCEL_TIMEOUT_S)

    def forget(self) -> None:
        """Give up the deliveries under way, because the connection is gone; RabbitMQ hands them out again."""
        self.consuming = False
        self._taken = None
        for task in self.tasks:
            task.cancel()

    async def _deliver(self, delivered: DeliveredMessage) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            await self._settle(delivered)
        except Exception:  # a fault of ours must not keep the message and its place in the prefetch
            _log.exception("delivery from %s broke, handed out again", self.queue)
            await _hand_back(delivered)
        finally:
            self.tasks.discard(task)

    async def _settle(self, delivered: DeliveredMessage) -> None:
        try:
            event = message.to_event(delivered.header.properties, delivered.body)
        except InvalidCloudEvent as invalid:
            _log.error("a message in %s is no event, rejected: %s", self.queue, invalid)
            await delivered.channel.basic_reject(_tag(delivered), requeue=False)
            return
        settled = await self.dispatcher.deliver(event)
        try:
            await self._led_to(settled, self.dispatcher)
        except NotDurable as not_durable:
            _log.warning("event %s is handed out again: %s", event.id, not_durable)
            await _hand_back(delivered)
            return
        with contextlib.suppress(*TROUBLE):  # on a closed channel it is handed out again
            await delivered.channel.basic_ack(_tag(delivered), wait=False)


async def _hand_back(delivered: DeliveredMessage) -> None:
    with contextlib.suppress(*TROUBLE):  # a closed channel hands it back by itself
        await asyncio.sleep(_HAND_BACK_S)
        await delivered.channel.basic_nack(_tag(delivered), requeue=True)


def _tag(delivered: DeliveredMessage) -> int:
    assert delivered.delivery_tag is not None, "a message of a queue has one"
    return delivered.delivery_tag
