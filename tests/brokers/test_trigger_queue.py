from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from brokers.dispatch import Dispatcher, Settled
from brokers.embedded import trigger_queue
from brokers.embedded.journal import Journal, Row
from brokers.embedded.trigger_queue import WINDOW_EVENTS, TriggerQueue
from brokers.metrics import BrokerMetrics
from brokers.trigger import Trigger
from eventing.cloudevent import CloudEvent
from tests.brokers.test_trigger import given_trigger


class Pages:
    """A journal that remembers what is asked of it and gives its rows a page at a time."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.settled: list[tuple[int, Sequence[Row]]] = []
        self.failures: list[tuple[int, int, float]] = []

    def page(self, _trigger: str, after: int, limit: int, then: Callable[[list[Row]], None]) -> None:
        found = [row for row in self.rows if row.seq > after][:limit]
        asyncio.get_running_loop().call_soon(then, found)

    def settle(self, _trigger: str, seq: int, led_to: Sequence[Row]) -> None:
        self.settled.append((seq, led_to))

    def count_failure(self, _trigger: str, seq: int, failures: int, wait_s: float) -> None:
        self.failures.append((seq, failures, wait_s))


class Delivering(Dispatcher):
    """A dispatcher whose deliveries a test decides."""

    def __init__(self, in_flight: int, deliver: Callable[[CloudEvent], Any]) -> None:
        super().__init__(Trigger(**given_trigger(in_flight=in_flight)), BrokerMetrics(), "eco2")
        self.outcome = deliver

    async def deliver(self, event: CloudEvent, **_: Any) -> Settled:
        return cast("Settled", await self.outcome(event))


def row(seq: int) -> Row:
    return Row("scan-vision", seq, CloudEvent(str(seq), "/eco2/x", "eco2.x", data=b"x"))


def queue(pages: Pages, in_flight: int, deliver: Callable[[CloudEvent], Any]) -> TriggerQueue:
    made = TriggerQueue(
        Delivering(in_flight, deliver), cast("Journal", pages), lambda _settled, _dispatcher: ()
    )
    made.paused = False
    return made


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.005)


async def test_rows_beyond_the_window_are_paged_in_order_and_delivered_once() -> None:
    pages, opened, seen = Pages(), asyncio.Event(), []

    async def deliver(event: CloudEvent) -> Settled:
        await opened.wait()
        seen.append(int(event.id))
        return Settled()

    waiting = queue(pages, 3, deliver)
    for seq in range(1, 2 * WINDOW_EVENTS + 8):
        pages.rows.append(row(seq))
        waiting.offer(row(seq))
    await eventually(lambda: waiting.in_flight == 3)
    assert waiting.waiting <= WINDOW_EVENTS
    opened.set()
    await eventually(lambda: len(seen) == len(pages.rows))
    assert seen == [each.seq for each in pages.rows]
    await eventually(lambda: [seq for seq, _ in pages.settled] == seen)


async def test_what_an_earlier_process_left_comes_first() -> None:
    pages, seen = Pages(), []
    pages.rows = [row(1), row(2)]

    async def deliver(event: CloudEvent) -> Settled:
        seen.append(int(event.id))
        return Settled()

    waiting = queue(pages, 10, deliver)
    waiting.resume()
    await eventually(lambda: seen == [1, 2])


async def test_a_delivery_that_breaks_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger_queue, "_AGAIN_S", 0.0)
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    pages, tries = Pages(), 0

    async def deliver(_event: CloudEvent) -> Settled:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ZeroDivisionError("a fault of ours")
        return Settled()

    waiting = queue(pages, 1, deliver)
    waiting.offer(row(1))
    await eventually(lambda: pages.settled == [(1, ())])
    assert tries == 2
    assert isinstance(told[0]["exception"], ZeroDivisionError)


async def test_stopping_gives_up_what_takes_longer_than_its_grace() -> None:
    pages, begun = Pages(), asyncio.Event()

    async def deliver(_event: CloudEvent) -> Settled:
        begun.set()
        await asyncio.Event().wait()
        return Settled()

    waiting = queue(pages, 1, deliver)
    waiting.offer(row(1))
    waiting.offer(row(2))
    await begun.wait()
    await waiting.stop(0.01)
    assert (waiting.in_flight, waiting.waiting, pages.settled) == (0, 1, [])
