"""The broker on RabbitMQ: from the ingress to an exchange, from queues to subscribers, over one connection.

The connection comes back by itself.

An event is accepted after the publisher confirm. A delivery is acknowledged after its reply or its dead letter
is confirmed. When the connection breaks, deliveries under way are given up: RabbitMQ hands them out again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import aiormq
from aiormq.abc import AbstractConnection

from brokers.dispatch import Dispatcher, Settled, dead_letter_trigger
from brokers.errors import NotDurable
from brokers.metrics import BrokerMetrics
from brokers.rabbitmq.connection import TROUBLE, Gathering, open_channel
from brokers.rabbitmq.consumer import Consumer
from brokers.rabbitmq.layout import Layout, answered, declare, declare_trigger
from brokers.rabbitmq.message import properties
from brokers.trigger import Trigger
from brokers.trigger_index import TriggerIndex
from eventing.cloudevent import CloudEvent

CONFIRM_TIMEOUT_S = 10.0
STOP_GRACE_S = 5.0
_RECONNECT_S = (0.1, 0.2, 0.5, 1.0, 2.0)
_log = logging.getLogger(__name__)


class RabbitMQBroker:
    """A broker in one process that keeps all its state in RabbitMQ, laid out as Knative's does."""

    system = "rabbitmq"

    def __init__(
        self, amqp_url: str, triggers: Sequence[Trigger], metrics: BrokerMetrics, layout: Layout | None = None
    ) -> None:
        self.amqp_url = amqp_url
        self.triggers = triggers
        self.layout = layout or Layout()
        self.index = TriggerIndex(triggers)
        self._consumers: list[Consumer] = []
        for trigger in triggers:
            declared = partial(declare_trigger, layout=self.layout, trigger=trigger)
            queue = self.layout.queue(trigger.name)
            self._consumers.append(
                Consumer(queue, Dispatcher(trigger, metrics, self.system), declared, self._led_to)
            )
            if (letters := dead_letter_trigger(trigger)) is not None:
                queue = self.layout.dead_letter_queue(trigger.name)
                dispatcher = Dispatcher(letters, metrics, self.system, until_taken=True)
                self._consumers.append(Consumer(queue, dispatcher, declared, self._led_to))
        self._transports = Gathering()
        self._publishing: aiormq.Channel | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether the broker takes and delivers events now."""
        return self._publishing is not None and all(consumer.consuming for consumer in self._consumers)

    async def start(self) -> None:
        """Begin to connect; `ready` tells when the broker is."""
        self._supervisor = asyncio.create_task(self._supervise())

    async def publish(self, event: CloudEvent) -> bool:
        """Publish the event and wait for the confirm; gives whether any trigger here wants it. Raises NotDurable."""
        await self._send(self.layout.exchange, event)
        return bool(self.index.of(event))

    async def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Take no more deliveries, finish those under way within `grace_s`, disconnect."""
        await asyncio.gather(*(consumer.cancel() for consumer in self._consumers))
        running = [task for consumer in self._consumers for task in consumer.tasks]
        if running:
            await asyncio.wait(running, timeout=grace_s)
        self._stopping.set()
        if self._supervisor is not None:
            if self._publishing is None:  # it may be waiting long for RabbitMQ
                self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        await asyncio.gather(*(consumer.dispatcher.close() for consumer in self._consumers))

    async def _send(self, exchange: str, event: CloudEvent) -> None:
        """Publish to an exchange and wait for the confirm. Raises NotDurable."""
        if self._publishing is None:
            raise NotDurable("no connection to RabbitMQ")
        if self._transports.behind:
            raise NotDurable("RabbitMQ does not read what is sent to it")
        try:
            # Not waiting for the write either: that would send one message at a time.
            await self._publishing.basic_publish(
                event.data,
                exchange=exchange,
                properties=properties(event),
                timeout=CONFIRM_TIMEOUT_S,
                wait=False,
            )
        except TROUBLE as error:
            raise NotDurable(f"RabbitMQ did not confirm: {error!r}") from error

    async def _led_to(self, settled: Settled, dispatcher: Dispatcher) -> None:
        if settled.reply is not None:
            await self._send(self.layout.exchange, settled.reply)
        if settled.dead_letter is not None:
            name = dispatcher.trigger.name
            await self._send(self.layout.dead_letter_exchange(name), settled.dead_letter)

    async def _supervise(self) -> None:
        """Connect, and again whenever anything of the connection is lost, until the broker stops."""
        attempt = 0
        while not self._stopping.is_set():
            connection: AbstractConnection | None = None
            try:
                connection = await self._transports.connect(self.amqp_url)
                await self._serve(connection)
                attempt = 0
            except TROUBLE as error:
                _log.warning("RabbitMQ is out of reach: %r", error)
                attempt = 0 if self.ready else attempt + 1
            finally:
                self._publishing = None
                for consumer in self._consumers:
                    consumer.forget()
                if connection is not None:
                    with contextlib.suppress(*TROUBLE, asyncio.CancelledError):
                        await asyncio.wait_for(connection.close(), 2)
            with contextlib.suppress(TimeoutError):
                pause_s = _RECONNECT_S[min(attempt, len(_RECONNECT_S) - 1)]
                await asyncio.wait_for(self._stopping.wait(), pause_s)

    async def _serve(self, connection: AbstractConnection) -> None:
        """Declare, publish and consume until the broker stops. Raises AMQP errors, ConnectionError, TimeoutError."""
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def closed(channel: asyncio.Future[Any]) -> None:
            if not lost.done():
                self._publishing = None  # at once, so that `ready` says what publishing would give
                error = None if channel.cancelled() else channel.exception()
                lost.set_exception(ConnectionError(f"closed: {error!r}"))

        async with answered("the first channel"):
            publishing = await open_channel(connection, confirms=True)
            publishing.closing.add_done_callback(closed)
        await declare(publishing, self.layout, self.triggers)
        self._publishing = publishing
        _log.info("connected to RabbitMQ, %d queues", len(self._consumers))
        # All at once: one queue that waits for its leader holds up no other.
        running = [asyncio.ensure_future(consumer.run(connection, closed)) for consumer in self._consumers]
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            ends: list[asyncio.Future[Any]] = [stopping, lost, *running]
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            for task in (stopping, *running):
                task.cancel()
            await asyncio.gather(stopping, *running, return_exceptions=True)
            lost.cancel()
