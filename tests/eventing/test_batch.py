"""Concurrent rows are written together, and each waits for its own commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from eventing.batch import Batch
from process import tracing


class Table:
    """Keeps what was written; refuses batches with `poison`, or everything while it is `down`."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.down = False
        self.hold: asyncio.Event | None = None

    async def write(self, rows: Sequence[str]) -> Sequence[str]:
        if self.hold:
            await self.hold.wait()
        if self.down:
            raise ConnectionError("down")
        if "poison" in rows:
            raise ValueError("poison")
        self.batches.append(list(rows))
        return [row.upper() for row in rows]


async def test_rows_that_come_together_are_written_together() -> None:
    table = Table()
    batch = Batch(table.write)
    async with asyncio.timeout(5):
        await asyncio.gather(*(batch.add(str(number)) for number in range(20)))
    assert table.batches == [[str(number) for number in range(20)]]


async def test_a_full_batch_does_not_wait() -> None:
    table = Table()
    batch = Batch(table.write, rows=10, pace_s=3600)
    async with asyncio.timeout(5):
        await asyncio.gather(*(batch.add(str(number)) for number in range(30)))
    assert [len(rows) for rows in table.batches] == [10, 10, 10]


async def test_a_row_is_answered_after_its_commit_only() -> None:
    table = Table()
    table.hold = asyncio.Event()
    batch = Batch(table.write, rows=1)
    adding = asyncio.create_task(batch.add("row"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not adding.done()
    table.hold.set()
    async with asyncio.timeout(5):
        await adding
    assert table.batches == [["row"]]


async def test_one_bad_row_spoils_only_its_own() -> None:
    table = Table()
    batch = Batch(table.write)
    async with asyncio.timeout(5):
        results = await asyncio.gather(*map(batch.add, ["a", "poison", "b"]), return_exceptions=True)
    assert results[0] == "A"
    assert isinstance(results[1], ValueError)
    assert results[2] == "B"
    assert table.batches == [["a"], ["b"]]


async def test_trouble_with_the_database_reaches_every_row_at_once() -> None:
    table = Table()
    table.down = True
    batch = Batch(table.write, whole=(ConnectionError,))
    async with asyncio.timeout(5):
        results = await asyncio.gather(*map(batch.add, "abc"), return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionError] * 3


async def test_a_caller_that_gives_up_takes_no_row_with_it() -> None:
    table = Table()
    table.hold = asyncio.Event()
    batch = Batch(table.write, rows=2)
    leaving, staying = asyncio.create_task(batch.add("a")), asyncio.create_task(batch.add("b"))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    table.hold.set()
    async with asyncio.timeout(5):
        await staying
    assert table.batches == [["a", "b"]]


async def test_what_callers_share_is_recorded_once_with_links_to_all(recorded: InMemorySpanExporter) -> None:
    batch = Batch(Table().write)

    async def job(name: str) -> None:
        with tracing.span(name):
            await batch.add(name)

    async with asyncio.timeout(5):
        await asyncio.gather(*map(job, "ab"))
        await job("alone")
    shared, *jobs = recorded.get_finished_spans()
    assert (shared.name, (shared.attributes or {})["eco2.batch.rows"]) == ("batch", 2)
    assert {link.context.span_id for link in shared.links} == {span.context.span_id for span in jobs[:2]}
    assert sorted(span.name for span in jobs) == ["a", "alone", "b"]
