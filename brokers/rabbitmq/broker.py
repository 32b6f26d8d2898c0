"""Ingress to exchange, queue to subscriber, over one connection that comes back by itself.

An event is accepted after the publisher confirm. A delivery is acknowledged after its reply or its dead letter
is confirmed. When the connection breaks, deliveries under way are given up: RabbitMQ hands them out again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from brokers.dispatch import Dispatcher, dead_letter_trigger
from brokers.errors import Unavailable
from brokers.metrics import Metrics
from brokers.rabbitmq import message
from brokers.rabbitmq.layout import Layout, answered, declare
from brokers.rabbitmq.wire import Confirmed, Writer
from brokers.trigger import Trigger
from brokers.trigger_index import TriggerIndex
from eventing.cloudevent import CloudEvent, InvalidCloudEvent

if TYPE_CHECKING:
    from aiormq.abc import AbstractChannel, DeliveredMessage
    from aiormq.channel import Channel
    from aiormq.connection import Connection

CONFIRM_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 10.0
STOP_GRACE_S = 5.0
_HAND_BACK_S = 1.0
_RECONNECT_S = (0.1, 0.2, 0.5, 1.0, 2.0)
_log = logging.getLogger(__name__)


class RabbitMQBroker:
    """Knative's RabbitMQ broker as one process: ingress and every trigger's dispatcher."""

    def __init__(
        self, amqp_url: str, triggers: Sequence[Trigger], metrics: Metrics, layout: Layout | None = None
    ) -> None:
        self.amqp_url = amqp_url
        self.triggers = triggers
        self.metrics = metrics
        self.layout = layout or Layout()
        self.index = TriggerIndex(triggers)
        self._consumers: list[_Consumer] = []
        for trigger in triggers:
            queue = self.layout.queue(trigger.name)
            self._consumers.append(_Consumer(self, queue, Dispatcher(trigger, metrics)))
            if (letters := dead_letter_trigger(trigger)) is not None:
                dispatcher = Dispatcher(letters, metrics, until_taken=True)
                self._consumers.append(
                    _Consumer(self, self.layout.dead_letter_queue(trigger.name), dispatcher)
                )
        self._publishing: Confirmed | None = None
        self._consuming = False
        self._supervisor: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether events are taken and delivered."""
        return self._consuming

    async def start(self) -> None:
        """Begin to connect; `ready` tells when it is."""
        self._supervisor = asyncio.create_task(self._supervise())

    async def publish(self, event: CloudEvent) -> bool:
        """Return once RabbitMQ confirmed: whether any trigger here wants it. Raises Unavailable."""
        await self.send(self.layout.exchange, event)
        return bool(self.index.of(event))

    async def send(self, exchange: str, event: CloudEvent) -> None:
        """Publish to an exchange and wait for the confirm. Raises Unavailable."""
        from aiormq.exceptions import AMQPError

        if self._publishing is None:
            raise Unavailable("no connection to RabbitMQ")
        try:
            properties = message.to_properties(event)
            await self._publishing.publish(exchange, properties, event.data, CONFIRM_TIMEOUT_S)
        except (AMQPError, OSError, TimeoutError) as error:
            raise Unavailable(f"RabbitMQ did not confirm: {error!r}") from error

    async def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Take no more deliveries, finish those under way within `grace_s`, disconnect."""
        await asyncio.gather(*(consumer.cancel() for consumer in self._consumers))
        running = [task for consumer in self._consumers for task in consumer.tasks]
        if running:
            await asyncio.wait(running, timeout=grace_s)
        self._stopping.set()
        if self._supervisor is not None:
            if not self._consuming:  # it may be waiting long for RabbitMQ
                self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        await asyncio.gather(*(consumer.dispatcher.close() for consumer in self._consumers))

    async def _supervise(self) -> None:
        from aiormq import connect
        from aiormq.exceptions import AMQPError

        attempt = 0
        while not self._stopping.is_set():
            connection: Connection | None = None
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    connection = await connect(self.amqp_url)
                channels = await self._open(connection)
                attempt, self._consuming = 0, True
                _log.info("connected to RabbitMQ, %d queues", len(self._consumers))
                await self._until_lost(connection, channels)
            except (AMQPError, OSError, TimeoutError) as error:
                _log.warning("RabbitMQ is out of reach: %r", error)
            finally:
                self._consuming = False
                if self._publishing is not None:
                    self._publishing.lost()
                self._publishing = None
                for consumer in self._consumers:
                    consumer.forget()
                if connection is not None:
                    with contextlib.suppress(AMQPError, OSError, TimeoutError, asyncio.CancelledError):
                        await connection.close(timeout=2)
            if not self._stopping.is_set():
                await self._pause(_RECONNECT_S[min(attempt, len(_RECONNECT_S) - 1)])
                attempt += 1

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _open(self, connection: Connection) -> list[AbstractChannel]:
        async with answered("the first channel"):
            publishing = cast("Channel", await connection.channel(publisher_confirms=True))
        await declare(publishing, self.layout, self.triggers)
        writer = Writer(connection)
        self._publishing = Confirmed(publishing, writer)
        # All at once: one queue that waits for its leader holds up no other.
        opening = [asyncio.ensure_future(c.consume(connection, writer)) for c in self._consumers]
        try:
            return [publishing, *await asyncio.gather(*opening)]
        finally:
            for task in opening:
                task.cancel()

    async def _until_lost(self, connection: Connection, channels: list[AbstractChannel]) -> None:
        """Wait until anything of it closes or the broker stops."""
        stopping = asyncio.ensure_future(self._stopping.wait())
        observed = [connection.closing, *(channel.closing for channel in channels)]
        try:
            done, _ = await asyncio.wait([stopping, *observed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            for observer in observed:
                observer.cancel()
        for closed in done - {stopping}:
            if not closed.cancelled() and (error := closed.exception()) is not None:
                raise ConnectionError(f"closed: {error!r}")


class _Consumer:
    """Deliveries of one queue, each in a task of its channel; the prefetch bounds how many."""

    def __init__(self, broker: RabbitMQBroker, queue: str, dispatcher: Dispatcher) -> None:
        self.broker = broker
        self.queue = queue
        self.dispatcher = dispatcher
        self.tasks: set[asyncio.Task[None]] = set()
        self._channel: AbstractChannel | None = None
        self._tag: str | None = None
        self._writer: Writer | None = None
        dispatcher.metrics.in_flight.set_function(lambda: len(self.tasks))

    async def consume(self, connection: Connection, writer: Writer) -> AbstractChannel:
        """Start on a new channel. Raises AMQP errors, TimeoutError with the queue's name."""
        self._writer = writer
        async with answered(self.queue):
            channel = await connection.channel(publisher_confirms=False)
            await channel.basic_qos(prefetch_count=self.dispatcher.trigger.in_flight)
            self._channel = channel
            self._tag = (await channel.basic_consume(self.queue, self._deliver)).consumer_tag
        return channel

    async def cancel(self) -> None:
        """Get no more deliveries."""
        from aiormq.exceptions import AMQPError

        if self._channel is not None and self._tag is not None and not self._channel.is_closed:
            with contextlib.suppress(AMQPError, OSError, TimeoutError):
                await self._channel.basic_cancel(self._tag, timeout=2)

    def forget(self) -> None:
        """The channel is gone."""
        self._channel = self._tag = self._writer = None
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
            await self._hand_back(delivered, delivered.delivery_tag or 0)
        finally:
            self.tasks.discard(task)

    async def _settle(self, delivered: DeliveredMessage) -> None:
        channel, tag, writer = delivered.channel, delivered.delivery_tag, self._writer
        assert tag is not None
        assert writer is not None
        properties = delivered.header.properties
        try:
            event = message.to_event(properties.headers, properties.content_type, delivered.body)
        except InvalidCloudEvent as invalid:
            _log.error("a message in %s is no event, rejected: %s", self.queue, invalid)
            await channel.basic_reject(tag, requeue=False, wait=False)
            return
        settled = await self.dispatcher.deliver(event)
        try:
            if settled.reply is not None:
                await self.broker.send(self.broker.layout.exchange, settled.reply)
            if settled.dead_letter is not None:
                name = self.dispatcher.trigger.name
                await self.broker.send(self.broker.layout.dead_letter_exchange(name), settled.dead_letter)
            if not channel.is_closed:
                writer.acknowledge(channel.number, tag)
        except Unavailable as unavailable:
            _log.warning("event %s is handed out again: %s", event.id, unavailable)
            await self._hand_back(delivered, tag)

    async def _hand_back(self, delivered: DeliveredMessage, tag: int) -> None:
        from aiormq.exceptions import AMQPError

        with contextlib.suppress(AMQPError, OSError):  # a closed channel hands it back by itself
            await asyncio.sleep(_HAND_BACK_S)
            await delivered.channel.basic_nack(tag, requeue=True, wait=False)
