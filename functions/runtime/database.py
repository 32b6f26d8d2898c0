"""PostgreSQL for functions: a small pool, one round trip a statement, and the worker's liveness connection."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import select
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from functions.runtime.errors import Reject, Retry
from functions.runtime.statements import executing
from process.tasks import cancelled
from process.tracing import Span

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

log = logging.getLogger(__name__)
Row = tuple[Any, ...]
CANCEL_CHANNEL = "eco2_cancel"
CONNECT_TIMEOUT_S = 5.0
# Our statements look up rows by key, however large the tables are: planning each time would cost more than they
# do, and a plan that was kept from when a table was small must not scan it when it is not.
_SESSION = (
    "-c statement_timeout=15s -c jit=off -c plan_cache_mode=force_generic_plan "
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
)


class Database:
    """A database for single statements in autocommit; trouble with the server is `Retry`, no driver's error."""

    def __init__(self, url: str, size: int) -> None:
        self._url, self._size = url, size
        self._pool: AsyncConnectionPool | None = None
        self._opening = asyncio.Lock()
        self._checking: asyncio.Task[None] | None = None

    async def pool(self) -> AsyncConnectionPool:
        """The driver's pool, opened on first use."""
        if self._pool is None:
            async with self._opening:
                if self._pool is None:
                    self._pool = await self._open()
        return self._pool

    async def _open(self) -> AsyncConnectionPool:
        psycopg_pool = await asyncio.to_thread(__import__, "psycopg_pool")
        pool: AsyncConnectionPool = psycopg_pool.AsyncConnectionPool(
            self._url,
            min_size=1,
            max_size=self._size,
            timeout=CONNECT_TIMEOUT_S,
            max_waiting=2_000,
            open=False,
            kwargs={
                "autocommit": True,
                "prepare_threshold": 2,
                "connect_timeout": int(CONNECT_TIMEOUT_S),
                "options": _SESSION,
            },
        )
        await pool.open()
        return pool

    async def one(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        """The first row, or None."""
        rows = await self.all(sql, parameters)
        return rows[0] if rows else None

    async def all(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """All rows; an empty list for a statement without rows.

        Raises Retry when the server is in trouble, and Reject for a value that no column of ours takes.

        After a restart of the server every pooled connection is dead, and none of those is lent. What was lent a moment
        before it and can't have begun is done once more on a fresh one, so that nobody notices.
        """
        pool = await self.pool()
        with executing(sql) as span:
            try:
                return await _execute(pool, sql, parameters, span)
            except _bad_values() as error:
                log.error("a value can't be stored: %s", type(error).__name__)  # noqa: TRY400 - its text quotes the value
                raise Reject("VALUE_INVALID", "A value has a form that can't be stored.") from error
            except _troubles() as error:
                again = _not_begun(error) or (_reads(sql) and not isinstance(error, _pool_timeout()))
                await self._checked(pool, error, wait=again)
                if not again:
                    raise _unreachable() from error
            try:
                return await _execute(pool, sql, parameters, span)
            except _troubles() as error:
                raise _unreachable() from error

    async def _checked(self, pool: AsyncConnectionPool, error: Exception, *, wait: bool) -> None:
        """Have dead connections replaced; one failure finds them all."""
        log.warning("database: %s", type(error).__name__)
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(pool.check(), name="check connections")
        if wait:
            await asyncio.wait({self._checking}, timeout=CONNECT_TIMEOUT_S)

    async def run(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> None:
        """Run a statement whose rows don't matter."""
        await self.all(sql, parameters)

    async def close(self) -> None:
        """Close all connections."""
        if self._checking:
            self._checking.cancel()
        if self._pool is not None:
            await self._pool.close(timeout=2)


async def _execute(
    pool: AsyncConnectionPool, sql: str, parameters: Sequence[Any] | dict[str, Any], span: Span
) -> list[Row]:
    asked = time.perf_counter()
    for _ in range(pool.max_size + 1):  # all may be dead
        async with pool.connection() as connection:
            if _ended(connection):
                await connection.close()  # the pool makes another one
                continue
            span.set_attribute("eco2.db.wait_ms", round((time.perf_counter() - asked) * 1000, 1))
            cursor = await connection.execute(sql.encode(), parameters)
            return await cursor.fetchall() if cursor.description else []
    raise _unreachable()


def _ended(connection: AsyncConnection[Any]) -> bool:
    """Whether the server has ended an idle connection: nothing else of it can be read, and asking takes no round trip.

    A write is not begun on a dead connection, because then nobody could say whether it may be repeated.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def _troubles() -> tuple[type[Exception], ...]:
    """What the driver raises when the server or a connection to it is in trouble."""
    import psycopg

    return psycopg.OperationalError, psycopg.InterfaceError


def _bad_values() -> tuple[type[Exception], ...]:
    """What the driver raises for values: of a wrong form (SQLSTATE class 22), or too long for an index (54000)."""
    from psycopg.errors import DataError, ProgramLimitExceeded

    return DataError, ProgramLimitExceeded


def _pool_timeout() -> type[Exception]:
    import psycopg_pool

    return psycopg_pool.PoolTimeout


def _not_begun(error: Exception) -> bool:
    """Whether the server had ended the connection before it saw the statement."""
    from psycopg.errors import AdminShutdown, CannotConnectNow, CrashShutdown

    return isinstance(error, AdminShutdown | CannotConnectNow | CrashShutdown)


def _reads(sql: str) -> bool:
    return not _WRITES.search(sql)


def _unreachable() -> Retry:
    return Retry("the database is not reachable", code="DATABASE_UNAVAILABLE")


_WRITES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|NOTIFY|pg_notify)\b")


class Worker:
    """This process as a worker: alive as long as its advisory lock is held, told of cancelled work.

    A claim names its worker; another process takes the claim over as soon as the lock is gone, so work of a
    killed process goes on at the next delivery instead of after a lease.
    """

    def __init__(self, url: str, on_cancel: Callable[[str], None]) -> None:
        self.id = secrets.randbits(62)
        self._url, self._on_cancel = url, on_cancel
        self._alive = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def alive(self) -> int:
        """The worker's id once its lock is held. Raises Retry."""
        if self._task is None:
            self._task = asyncio.create_task(self._live(), name="worker")
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._alive.wait()
        except TimeoutError as error:
            raise Retry("the database is not reachable", code="DATABASE_UNAVAILABLE") from error
        return self.id

    async def _live(self) -> None:
        psycopg = await asyncio.to_thread(__import__, "psycopg")
        wait_s = 0.1
        while not cancelled():  # until closed
            try:
                connection = await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, connect_timeout=int(CONNECT_TIMEOUT_S), **_KEEPALIVE
                )
                async with connection:
                    await connection.execute("SELECT pg_advisory_lock(%s)", (self.id,))
                    await connection.execute(f"LISTEN {CANCEL_CHANNEL}")
                    self._alive.set()
                    wait_s = 0.1
                    async for notice in connection.notifies():
                        self._on_cancel(notice.payload)
            except psycopg.Error as error:
                log.warning("worker connection: %s", type(error).__name__)
            self._alive.clear()
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, 2.0)

    async def close(self) -> None:
        """Give the lock up."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task


# A node that vanishes without closing its connection is noticed in about 15 s.
_KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2}
