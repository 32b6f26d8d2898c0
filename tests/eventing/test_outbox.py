from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from eventing.cloudevent import CloudEvent
from eventing.errors import PublishFailed
from eventing.outbox import Outbox
from eventing.publisher import Publisher

OUTBOX = Outbox("shop")
TABLE = "CREATE TABLE shop.outbox (id uuid PRIMARY KEY, event bytea NOT NULL, created_at timestamptz DEFAULT now())"
INSERT = "INSERT INTO shop.outbox (id, event) VALUES (%(outbox_id)s, %(outbox_event)s)"


class Sink:
    """Takes events, or fails for those whose subject says so."""

    def __init__(self) -> None:
        self.taken: list[CloudEvent] = []
        self.recorded: list[tuple[str | None, int | None]] = []
        self.down = False

    async def publish(self, event: CloudEvent) -> None:
        await asyncio.sleep(0)
        if self.down:
            raise PublishFailed("down", retryable=True)
        if event.subject == "refused":
            raise PublishFailed("400", retryable=False, status=400)
        self.taken.append(event)

    async def refused(self, event: CloudEvent, failed: PublishFailed) -> None:
        self.recorded.append((event.subject, failed.status))

    @property
    def ids(self) -> list[str]:
        return sorted(event.id for event in self.taken)

    def publisher(self) -> Publisher:
        return cast("Publisher", self)


class Database:
    def __init__(self, pool: AsyncConnectionPool) -> None:
        self.pool = pool

    async def run(self, sql: str, parameters: Any = (), /) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(sql.encode(), parameters)

    async def count(self) -> int:
        async with self.pool.connection() as connection:
            row = await (await connection.execute("SELECT count(*) FROM shop.outbox")).fetchone()
        assert row
        return int(row[0])

    async def write(self, subject: str = "job") -> tuple[UUID, CloudEvent]:
        id = uuid4()
        event = CloudEvent(str(id), "/eco2/shop", "eco2.shop.item.sold", subject, data=b"\x00\xff")
        await self.run(f"WITH event AS ({INSERT}) SELECT 1", Outbox.row(id, event))
        return id, event


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    async with AsyncConnectionPool(postgres_url, min_size=1, open=False, kwargs={"autocommit": True}) as pool:
        found = Database(pool)
        await found.run("CREATE SCHEMA shop")
        await found.run(TABLE)
        yield found


async def test_what_was_written_is_relayed_once(database: Database) -> None:
    sink = Sink()
    events = [(await database.write())[1] for _ in range(3)]

    assert await OUTBOX.relay(database.pool, sink.publisher(), sink.refused, grace_s=0) == 3
    assert await OUTBOX.relay(database.pool, sink.publisher(), sink.refused, grace_s=0) == 0
    assert sorted(sink.taken, key=lambda event: event.id) == sorted(events, key=lambda event: event.id)


async def test_an_event_that_its_writer_is_sending_is_left_alone(database: Database) -> None:
    sink = Sink()
    await database.write()

    assert await OUTBOX.relay(database.pool, sink.publisher(), sink.refused) == 0
    assert await database.count() == 1


async def test_sending_at_once_deletes_in_batches(database: Database) -> None:
    sink, outbox = Sink(), Outbox("shop")
    for id, event in [await database.write() for _ in range(105)]:
        assert await outbox.send(id, event, database, sink.publisher())
    assert await database.count() <= 5
    assert outbox._flushing
    async with asyncio.timeout(10):
        await outbox._flushing
    assert await database.count() == 0
    assert len(sink.taken) == 105


async def test_what_is_sent_while_a_batch_is_being_deleted_goes_with_the_next_one(
    database: Database,
) -> None:
    sink, outbox = Sink(), Outbox("shop")
    deleting, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Database):
        async def run(self, sql: str, parameters: Any = (), /) -> None:
            if sql.startswith("DELETE"):
                deleting.set()
                await go_on.wait()
            await super().run(sql, parameters)

    slow = Slow(database.pool)
    await outbox.send(*await database.write(), slow, sink.publisher())
    async with asyncio.timeout(20):
        await deleting.wait()
        await outbox.send(*await database.write(), slow, sink.publisher())
        go_on.set()
        assert outbox._flushing
        await outbox._flushing
    assert await database.count() == 0


async def test_what_could_not_be_sent_at_once_is_relayed(database: Database) -> None:
    sink, outbox = Sink(), Outbox("shop")
    sink.down = True
    id, event = await database.write()
    assert not await outbox.send(id, event, database, sink.publisher())
    assert await outbox.relay(database.pool, sink.publisher(), sink.refused, grace_s=0) == 0
    sink.down = False

    assert await outbox.relay(database.pool, sink.publisher(), sink.refused, grace_s=0) == 1
    assert sink.taken == [event]


async def test_refused_events_are_recorded_and_hold_up_no_other(database: Database) -> None:
    sink = Sink()
    for _ in range(60):
        await database.write("refused")
    _, event = await database.write()

    assert await OUTBOX.relay(database.pool, sink.publisher(), sink.refused, grace_s=0) == 1
    assert sink.taken == [event]
    assert sink.recorded == [("refused", 400)] * 60
    assert await database.count() == 0


async def test_a_row_that_is_no_event_and_one_that_always_fails_hold_up_no_other(database: Database) -> None:
    class Picky(Sink):
        async def publish(self, event: CloudEvent) -> None:
            if event.subject == "later":
                raise PublishFailed("500", retryable=True, status=500)
            await super().publish(event)

    sink = Picky()
    await database.run("INSERT INTO shop.outbox (id, event) VALUES (gen_random_uuid(), 'nonsense')")
    await database.write("later")
    events = [(await database.write())[1] for _ in range(70)]
    assert await OUTBOX.relay(database.pool, sink.publisher(), sink.refused, grace_s=0) == 70
    assert sink.ids == sorted(event.id for event in events)
    assert await database.count() == 2


async def test_two_relays_share_the_work(database: Database) -> None:
    sink = Sink()
    written = [(await database.write())[1].id for _ in range(120)]
    counts = await asyncio.gather(
        *(OUTBOX.relay(database.pool, sink.publisher(), sink.refused, grace_s=0, limit=100) for _ in range(3))
    )
    rest = await OUTBOX.relay(database.pool, sink.publisher(), sink.refused, grace_s=0)

    assert sum(counts) + rest == 120
    assert sink.ids == sorted(written)


async def test_the_age_of_the_oldest_event_is_told(database: Database) -> None:
    assert await OUTBOX.oldest_age_s(database.pool) == 0.0
    await database.write()
    await database.run("UPDATE shop.outbox SET created_at = now() - interval '90 s'")

    assert 90 <= await OUTBOX.oldest_age_s(database.pool) < 200


def test_a_schema_name_is_an_identifier() -> None:
    with pytest.raises(ValueError, match="no schema name"):
        Outbox("shop; drop")
