"""PostgreSQL for functions: one statement a round trip, trouble is Retry, workers know of each other."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import psutil
import psycopg
import pytest

from functions.runtime import Reject, Retry
from functions.runtime import database as module
from functions.runtime.database import CANCEL_CHANNEL, Database, Worker


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    made = Database(postgres_url, 4)
    yield made
    await made.close()


async def test_rows_come_as_they_are_asked_for(database: Database) -> None:
    assert await database.all("SELECT n, n * 2 FROM generate_series(1, %s) AS n", (2,)) == [(1, 2), (2, 4)]
    assert await database.one("SELECT %(a)s::text", {"a": "가"}) == ("가",)
    assert await database.one("SELECT 1 WHERE false") is None
    assert await database.all("SET statement_timeout = 0") == []


async def test_a_statement_is_committed_when_it_returns(database: Database, postgres_url: str) -> None:
    await database.run("CREATE TABLE kept AS SELECT 1 AS n")
    other = Database(postgres_url, 1)
    assert await other.one("SELECT n FROM kept") == (1,)
    await other.close()


async def test_many_at_once_share_one_pool(database: Database) -> None:
    found = await asyncio.gather(*(database.one("SELECT %s::int", (n,)) for n in range(20)))
    assert found == [(n,) for n in range(20)]
    assert await database.pool() is await database.pool()


async def test_a_mistake_in_a_statement_is_no_trouble_of_the_server(database: Database) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        await database.all("SELECT * FROM nowhere")


async def test_connections_that_the_server_ended_are_replaced(database: Database, postgres_url: str) -> None:
    await asyncio.gather(*(database.run("SELECT pg_sleep(0.05)") for _ in range(4)))
    _end_others(postgres_url)
    assert await database.one("SELECT 1") == (1,)


async def test_writes_after_the_end_of_all_connections_are_done_once(
    database: Database, postgres_url: str
) -> None:
    await database.run("CREATE TABLE written (n int)")
    await asyncio.gather(*(database.run("SELECT pg_sleep(0.05)") for _ in range(4)))
    _end_others(postgres_url)
    await asyncio.gather(*(database.run("INSERT INTO written VALUES (%s)", (n,)) for n in range(12)))
    assert await database.all("SELECT n FROM written ORDER BY n") == [(n,) for n in range(12)]


async def test_writes_after_a_crash_of_the_server_are_done_once(
    database: Database, postgres_url: str
) -> None:
    await database.run("CREATE TABLE written (n int)")
    pids = await asyncio.gather(*(database.one("SELECT pg_backend_pid(), pg_sleep(0.05)") for _ in range(4)))
    assert pids[0]
    os.kill(pids[0][0], signal.SIGKILL)  # the server then ends all of them without a word, and recovers
    while psutil.pid_exists(pids[-1][0] if pids[-1] else 0):
        await asyncio.sleep(0.01)
    _wait_until_recovered(postgres_url)
    await asyncio.gather(*(database.run("INSERT INTO written VALUES (%s)", (n,)) for n in range(12)))
    assert await database.all("SELECT n FROM written ORDER BY n") == [(n,) for n in range(12)]


@pytest.mark.parametrize(
    ("sql", "value"), [("SELECT %s::uuid", "a"), ("SELECT %s::text", "a\0"), ("SELECT %s::int", 2**40)]
)
async def test_a_value_that_no_column_takes_is_refused_and_not_logged(
    database: Database, caplog: pytest.LogCaptureFixture, sql: str, value: object
) -> None:
    with pytest.raises(Reject, match="VALUE_INVALID"):
        await database.one(sql, (value,))
    (told,) = [record for record in caplog.records if record.name == module.__name__]
    assert told.exc_info is None
    assert told.getMessage().startswith("a value can't be stored: ")


@pytest.mark.parametrize("trouble", [psycopg.OperationalError, psycopg.InterfaceError])
async def test_a_connection_that_is_closed_is_trouble_of_the_server(
    database: Database, monkeypatch: pytest.MonkeyPatch, trouble: type[Exception]
) -> None:
    execute, closed = module._execute, [True]

    async def on_a_closed_connection(*arguments: Any) -> Any:
        if closed:
            closed.pop()
            raise trouble("the connection is closed")
        return await execute(*arguments)

    monkeypatch.setattr(module, "_execute", on_a_closed_connection)
    assert await database.one("SELECT 1") == (1,)
    closed.append(True)
    with pytest.raises(Retry):
        await database.run("UPDATE ops.inbox SET worker = NULL")


async def test_a_write_whose_end_nobody_knows_is_tried_by_whoever_asked(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been done; only the caller knows whether doing it twice does harm."""
    attempts = 0

    async def lost(*_: object) -> list[tuple[object, ...]]:
        nonlocal attempts
        attempts += 1
        raise psycopg.OperationalError("the connection was lost")

    monkeypatch.setattr(module, "_execute", lost)
    with pytest.raises(Retry):
        await database.run("UPDATE ops.inbox SET done_at = now()")
    assert attempts == 1
    with pytest.raises(Retry):
        await database.one("SELECT 1 FROM ops.inbox")
    assert attempts == 3


async def test_a_server_that_is_away_is_a_retry_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_TIMEOUT_S", 0.1)
    database = Database("postgresql://nobody@127.0.0.1:1/nothing", 2)
    for sql in ("SELECT 1", "UPDATE ops.inbox SET done_at = now()"):
        with pytest.raises(Retry, match="not reachable"):
            await asyncio.wait_for(database.run(sql), 10)
    await database.close()


async def test_an_unused_database_is_closed_without_being_opened() -> None:
    await Database("postgresql://nobody@127.0.0.1:1/nothing", 1).close()


async def test_a_worker_is_alive_as_long_as_it_holds_its_lock(database: Database, postgres_url: str) -> None:
    worker = Worker(postgres_url, lambda _: None)
    assert await worker.alive() == worker.id
    taken = "SELECT pg_try_advisory_xact_lock(%s)"
    assert await database.one(taken, (worker.id,)) == (False,)
    await worker.close()
    async with asyncio.timeout(10):
        while await database.one(taken, (worker.id,)) != (True,):
            await asyncio.sleep(0.01)


async def test_a_worker_is_told_of_cancelled_subjects(database: Database, postgres_url: str) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    worker = Worker(postgres_url, told.put_nowait)
    await worker.alive()
    await database.run(f"SELECT pg_notify('{CANCEL_CHANNEL}', 'job-1')")
    assert await asyncio.wait_for(told.get(), 10) == "job-1"
    await worker.close()


async def test_a_worker_whose_connection_is_lost_comes_back(database: Database, postgres_url: str) -> None:
    worker = Worker(postgres_url, lambda _: None)
    await worker.alive()
    await asyncio.to_thread(_end_others, postgres_url)
    async with asyncio.timeout(10):
        while worker._alive.is_set():
            await asyncio.sleep(0.01)
    assert await worker.alive() == worker.id
    await worker.close()


async def test_an_unused_worker_is_closed_without_being_started() -> None:
    await Worker("postgresql://nobody@127.0.0.1:1/nothing", lambda _: None).close()


def _wait_until_recovered(postgres_url: str) -> None:
    for _ in range(600):
        try:
            psycopg.connect(postgres_url, connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server takes no connections again")


def _end_others(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
