"""The embedded broker: puts events into the queues of the triggers that want them, and into the journal first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from brokers.dispatch import Dispatcher, Settled, dead_letter_trigger
from brokers.embedded.journal import Journal, Row
from brokers.embedded.trigger_queue import TriggerQueue
from brokers.metrics import BrokerMetrics
from brokers.trigger import Trigger
from brokers.trigger_index import TriggerIndex
from eventing.cloudevent import CloudEvent

STOP_GRACE_S = 5.0
_log = logging.getLogger(__name__)


class EmbeddedBroker:
    """A broker in one process that keeps all its state in PostgreSQL's table broker.journal.

    Another owner of the journal is waited for `wait_s`. `on_lost` is called when another process took it over
    later, after which this one must end.
    """

    system = "eco2"

    def __init__(
        self,
        database_url: str,
        triggers: Sequence[Trigger],
        metrics: BrokerMetrics,
        *,
        on_lost: Callable[[], None] = lambda: None,
        wait_s: float = 10.0,
    ) -> None:
        self.metrics = metrics
        self.wait_s = wait_s
        self.journal = Journal(
            database_url, on_durable=self._offer, on_state=self._pause_or_go_on, on_lost=on_lost
        )
        self.index = TriggerIndex(triggers)
        self.queues: dict[str, TriggerQueue] = {}
        for trigger in triggers:
            self._add_queue(trigger, until_taken=False)
            if (dead_letters := dead_letter_trigger(trigger)) is not None:
                self._add_queue(dead_letters, until_taken=True)

    @property
    def ready(self) -> bool:
        """Whether the broker takes events now."""
        return self.journal.up

    async def start(self) -> None:
        """Become the journal's owner and deliver what lies in it. Raises AlreadyRunning, NotDurable."""
        await self.journal.open(self.wait_s)
        left = await self.journal.counts()
        if unknown := {name: count for name, count in left.items() if name not in self.queues}:
            _log.warning("events of triggers that are not given any more are kept, undelivered: %s", unknown)
        for name, queue in self.queues.items():
            if left.get(name):
                queue.resume()
        self._pause_or_go_on(True)

    async def publish(self, event: CloudEvent) -> bool:
        """Write the event into the journal; gives whether any trigger wants it. Raises NotDurable."""
        rows = self._rows(event)
        if rows:
            await self.journal.append(rows)
        return bool(rows)

    async def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Let deliveries under way finish within `grace_s`, write the journal, give its ownership up."""
        await asyncio.gather(*(queue.stop(grace_s) for queue in self.queues.values()))
        await self.journal.close()
        await asyncio.gather(*(queue.dispatcher.close() for queue in self.queues.values()))

    def _add_queue(self, trigger: Trigger, *, until_taken: bool) -> None:
        dispatcher = Dispatcher(trigger, self.metrics, self.system, until_taken=until_taken)
        queue = self.queues[trigger.name] = TriggerQueue(dispatcher, self.journal, self._led_to)
        dispatcher.metrics.in_flight.set_function(lambda: queue.in_flight)
        dispatcher.metrics.waiting.set_function(lambda: queue.waiting)

    def _rows(self, event: CloudEvent) -> list[Row]:
        return [Row(name, self.journal.next_seq(), event) for name in self.index.of(event)]

    def _led_to(self, settled: Settled, dispatcher: Dispatcher) -> Sequence[Row]:
        if settled.dead_letter is not None:
            name = dispatcher.trigger.name
            letters = dead_letter_trigger(dispatcher.trigger)
            assert letters is not None, f"{name} has no dead letter sink"
            return [Row(letters.name, self.journal.next_seq(), settled.dead_letter)]
        return self._rows(settled.reply) if settled.reply is not None else ()

    def _offer(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self.queues[row.trigger].offer(row)

    def _pause_or_go_on(self, up: bool) -> None:
        for queue in self.queues.values():
            queue.paused = not up
            queue.pump()
