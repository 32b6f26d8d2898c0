from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import psycopg
import pytest

from brokers.embedded.journal import OWNER_LOCK, Journal, Row
from brokers.errors import AlreadyRunning, NotDurable
from eventing.cloudevent import CloudEvent

TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'eco2-broker'"
WAIT_S = 20.0


class Owner:
    """A journal and what it told."""

    def __init__(self, database_url: str) -> None:
        self.durable: list[Row] = []
        self.states: list[bool] = []
        self.lost = asyncio.Event()
        self.back = asyncio.Event()
        self.journal = Journal(
            database_url, on_durable=self.durable.extend, on_state=self._state, on_lost=self.lost.set
        )

    def _state(self, up: bool) -> None:
        self.states.append(up)
        if up:
            self.back.set()

    def row(self, trigger: str, id: str) -> Row:
        event = CloudEvent(id, "/eco2/x", "eco2.x", "사진", extensions={"userid": "u"}, data=b"\x00\xff")
        return Row(trigger, self.journal.next_seq(), event)

    async def page(self, trigger: str, after: int = 0, limit: int = 100) -> list[Row]:
        found: asyncio.Future[list[Row]] = asyncio.get_running_loop().create_future()
        self.journal.page(trigger, after, limit, found.set_result)
        return await asyncio.wait_for(found, WAIT_S)


@pytest.fixture
async def owner(postgres_url: str) -> AsyncIterator[Owner]:
    made = Owner(postgres_url)
    await made.journal.open(5)
    yield made
    await made.journal.close()


@pytest.fixture
async def other(postgres_url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        yield connection


def ids(rows: Sequence[Row]) -> list[str]:
    return [row.event.id for row in rows]


async def test_rows_come_back_as_they_were_in_order_and_by_trigger(owner: Owner) -> None:
    rows = [owner.row("a", str(number)) for number in range(5)]
    await owner.journal.append(rows)
    await owner.journal.append([owner.row("b", "x")])
    assert await owner.page("a") == rows == owner.durable[:5]
    assert ids(await owner.page("a", after=rows[1].seq, limit=2)) == ["2", "3"]
    assert ids(await owner.page("b")) == ["x"]


async def test_what_is_asked_for_together_is_committed_together(
    owner: Owner, other: psycopg.AsyncConnection
) -> None:
    async def transactions() -> int:
        row = await (await other.execute("SELECT count(DISTINCT xmin::text) FROM broker.journal")).fetchone()
        assert row
        return int(row[0])

    await asyncio.gather(*(owner.journal.append([owner.row("a", str(n))]) for n in range(200)))
    assert await transactions() <= 2


async def test_settling_removes_and_writes_what_it_led_to(owner: Owner) -> None:
    first, second = owner.row("a", "1"), owner.row("a", "2")
    await owner.journal.append([first, second])
    owner.journal.settle("a", first.seq, [owner.row("b", "reply")])
    assert ids(await owner.page("a")) == ["2"]
    assert ids(await owner.page("b")) == ["reply"]
    assert ids(owner.durable) == ["1", "2", "reply"]


async def test_failures_are_remembered_until_settled(owner: Owner) -> None:
    first, second = owner.row("a", "1"), owner.row("a", "2")
    await owner.journal.append([first, second])
    owner.journal.count_failure("a", first.seq, 2, 30.0)
    owner.journal.count_failure("a", second.seq, 1, 30.0)
    owner.journal.settle("a", second.seq, ())
    (kept,) = await owner.page("a")
    assert kept.failures == 2
    assert 20 < kept.wait_s <= 30


async def test_a_connection_lost_in_a_commit_refuses_the_new_and_repeats_the_settled(
    owner: Owner, other: psycopg.AsyncConnection
) -> None:
    done = owner.row("a", "done")
    await owner.journal.append([done])
    await other.execute("BEGIN")
    await other.execute("LOCK TABLE broker.journal IN EXCLUSIVE MODE")
    owner.journal.settle("a", done.seq, [owner.row("b", "reply")])
    refused = asyncio.create_task(owner.journal.append([owner.row("a", "refused")]))
    await _blocked(other)
    later = asyncio.create_task(owner.journal.append([owner.row("a", "later")]))
    await other.execute(TERMINATE)
    for attempt in (refused, later):
        with pytest.raises(NotDurable):
            await asyncio.wait_for(attempt, WAIT_S)
    with pytest.raises(NotDurable, match="no connection"):
        await owner.journal.append([owner.row("a", "meanwhile")])
    await other.execute("ROLLBACK")
    await asyncio.wait_for(owner.back.wait(), WAIT_S)
    assert owner.states == [False, True]
    assert await owner.page("a") == []
    assert ids(await owner.page("b")) == ["reply"]
    assert ids(owner.durable) == ["done", "reply"]
    await owner.journal.append([owner.row("a", "new")])
    assert ids(await owner.page("a")) == ["new"]


async def test_a_commit_that_happened_but_was_not_confirmed_is_taken_back(
    postgres_url: str, other: psycopg.AsyncConnection
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        name, _, sockets = postgres_url.removeprefix("postgresql://postgres@/").partition("?host=")
        line = Line(Path(sockets))
        server = await asyncio.start_unix_server(line.connect, f"{folder}/.s.PGSQL.5432")
        owner = Owner(f"postgresql://postgres@/{name}?host={folder}")
        await owner.journal.open(5)
        done = owner.row("a", "done")
        await owner.journal.append([done])

        async def turn(new: str, settled: Row, reply: str) -> asyncio.Task[None]:
            appending = asyncio.create_task(owner.journal.append([owner.row("a", new)]))
            await asyncio.sleep(0)  # it has asked; what is asked for now goes with it
            owner.journal.settle(settled.trigger, settled.seq, [owner.row("b", reply)])
            return appending

        await (await turn("next", done, "first"))  # the statement is prepared now, and is one round trip
        line.mute = True
        refused = await turn("refused", owner.durable[1], "reply")
        committed = "SELECT array_agg(attributes->>'id' ORDER BY seq) FROM broker.journal"
        async with asyncio.timeout(WAIT_S):
            while await (await other.execute(committed)).fetchone() != (["first", "refused", "reply"],):
                await asyncio.sleep(0.01)
        line.cut()
        with pytest.raises(NotDurable):
            await asyncio.wait_for(refused, WAIT_S)
        await asyncio.wait_for(owner.back.wait(), WAIT_S)
        assert await owner.page("a") == []
        assert ids(await owner.page("b")) == ["first", "reply"]
        assert ids(owner.durable) == ["done", "next", "first", "reply"]
        await owner.journal.close()
        line.cut()
        server.close()


class Line:
    """Between the journal and PostgreSQL: can swallow answers, and be cut."""

    def __init__(self, sockets: Path) -> None:
        self.mute = False
        self._sockets = sockets
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(f"{self._sockets}/.s.PGSQL.5432")
        self._writers += [writer, to_server]
        await asyncio.gather(
            self._pass(reader, to_server, answers=False), self._pass(from_server, writer, answers=True)
        )

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if not (answers and self.mute):
                    writer.write(data)
        writer.close()

    def cut(self) -> None:
        self.mute = False
        for writer in self._writers:
            writer.close()


async def _blocked(other: psycopg.AsyncConnection) -> None:
    """Until the journal's statement waits for the lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'eco2-broker' AND wait_event = 'relation'"
    async with asyncio.timeout(WAIT_S):
        while await (await other.execute(waiting)).fetchone() != (1,):
            await asyncio.sleep(0.01)


async def test_numbers_go_on_after_a_restart(owner: Owner, postgres_url: str) -> None:
    rows = [owner.row("a", str(number)) for number in range(3)]
    await owner.journal.append(rows)
    await owner.journal.close()
    second = Owner(postgres_url)
    await second.journal.open(5)
    assert await second.journal.counts() == {"a": 3}
    assert second.row("a", "next").seq > rows[-1].seq
    await second.journal.close()


async def test_a_second_owner_is_refused(owner: Owner, postgres_url: str) -> None:
    with pytest.raises(AlreadyRunning):
        await Owner(postgres_url).journal.open(0.3)


async def test_no_database_is_told(tmp_path: object) -> None:
    with pytest.raises(NotDurable, match="can't be used"):
        await Owner(f"postgresql://postgres@/x?host={tmp_path}").journal.open(5)


async def test_an_owner_that_was_replaced_while_cut_off_says_so(
    owner: Owner, other: psycopg.AsyncConnection
) -> None:
    waiting = asyncio.create_task(other.execute("SELECT pg_advisory_lock(%s)", (OWNER_LOCK,)))
    async with await psycopg.AsyncConnection.connect(owner.journal.database_url, autocommit=True) as third:
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        async with asyncio.timeout(WAIT_S):
            while await (await third.execute(locks)).fetchone() != (1,):
                await asyncio.sleep(0.01)
        await third.execute(TERMINATE)
    await asyncio.wait_for(waiting, WAIT_S)
    with pytest.raises(NotDurable):
        await owner.journal.append([owner.row("a", "1")])
    await asyncio.wait_for(owner.lost.wait(), WAIT_S)
