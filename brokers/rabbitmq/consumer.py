"""The consumer of one queue: takes deliveries, dispatches them, acknowledges once what they led to is durable."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from brokers.dispatch import Dispatcher, Settled
from brokers.errors import NotDurable
from brokers.rabbitmq import message
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
        declare: Callable[[AbstractChannel], Awaitable[None]],
        led_to: Callable[[Settled, Dispatcher], Awaitable[None]],
    ) -> None:
        self.queue = queue
        self.dispatcher = dispatcher
        self.consuming = False
        self.tasks: set[asyncio.Task[None]] = set()
        self._declare = declare
        self._led_to = led_to
        self._taken: tuple[AbstractQueue, str] | None = None
        dispatcher.metrics.in_flight.set_function(lambda: len(self.tasks))

    async def run(self, connection: AbstractConnection, lost: Callable[[BaseException | None], None]) -> None:
        """Consume until cancelled; raises AMQP errors and TimeoutError. `lost` is told when the channel closes.

        When RabbitMQ cancels the consumer, because the queue was deleted or moved, the queue is declared and
        consumed again.
        """
        async with answered(self.queue):
            channel = await connection.channel(publisher_confirms=False)
            channel.close_callbacks.add(lambda _channel, error: lost(error))
            await channel.set_qos(prefetch_count=self.dispatcher.trigger.in_flight)
        cancelled = asyncio.Event()
        below = await channel.get_underlay_channel()
        below.on_consumer_cancel_callbacks.add(lambda _frame: cancelled.set())
        while True:
            async with answered(self.queue):
                queue = await channel.get_queue(self.queue, ensure=False)
                self._taken = queue, await queue.consume(self._deliver)
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
            queue, tag = self._taken
            with contextlib.suppress(*CONNECTION_EXCEPTIONS, TimeoutError):
                await queue.cancel(tag, timeout=_CANCEL_TIMEOUT_S)

    def forget(self) -> None:
        """Give up the deliveries under way, because the connection is gone; RabbitMQ hands them out again."""
        self.consuming = False
        self._taken = None
        for task in self.tasks:
            task.cancel()

    async def _deliver(self, delivered: AbstractIncomingMessage) -> None:
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

    async def _settle(self, delivered: AbstractIncomingMessage) -> None:
        try:
            event = message.to_event(delivered.headers, delivered.content_type, delivered.body)
        except InvalidCloudEvent as invalid:
            _log.error("a message in %s is no event, rejected: %s", self.queue, invalid)
            await delivered.reject(requeue=False)
            return
        settled = await self.dispatcher.deliver(event)
        try:
            await self._led_to(settled, self.dispatcher)
        except NotDurable as not_durable:
            _log.warning("event %s is handed out again: %s", event.id, not_durable)
            await _hand_back(delivered)
            return
        with contextlib.suppress(*CONNECTION_EXCEPTIONS):  # on a closed channel it is handed out again
            await delivered.ack()


async def _hand_back(delivered: AbstractIncomingMessage) -> None:
    with contextlib.suppress(*CONNECTION_EXCEPTIONS):  # a closed channel hands it back by itself
        await asyncio.sleep(_HAND_BACK_S)
        await delivered.nack(requeue=True)
