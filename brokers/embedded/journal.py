"""The write-ahead journal: what was accepted and is not settled yet, in PostgreSQL.

One task owns the one connection. Whatever was asked for while the last statement ran goes into the next one
(group commit): accepted events, settled events with what they led to, and failures counted, in one round trip
and one transaction. When the connection is lost, accepting fails and settling is kept and done again: rows
have numbers of their own, so that doing it twice is the same as once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, NamedTuple

import psycopg

from brokers.errors import AlreadyRunning, NotDurable
from eventing.cloudevent import CloudEvent

OWNER_LOCK = 0x65636F32_62726F6B  # "eco2brok"
ANSWER_TIMEOUT_S = 15.0
PACE_S = 0.004
_RECONNECT_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
# The journal is small and hot: a plan made while it was empty would scan all of it when it is not.
_SESSION = (
    "-c statement_timeout=10s -c jit=off -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
)
_log = logging.getLogger(__name__)

# Parameters in binary form (b): as text, every quotation mark of the attributes would be escaped and data doubled.
_COMMIT = """
WITH settled AS (
    DELETE FROM broker.journal AS j
    USING unnest(%(gone_triggers)b::text[], %(gone_seqs)b::bigint[]) AS g(trigger, seq)
    WHERE j.trigger = g.trigger AND j.seq = g.seq
), failed AS (
    UPDATE broker.journal AS j SET failures = f.failures, not_before = now() + make_interval(secs => f.wait_s)
    FROM unnest(
        %(failed_triggers)b::text[], %(failed_seqs)b::bigint[], %(failures)b::int[], %(waits)b::float8[]
    ) AS f(trigger, seq, failures, wait_s)
    WHERE j.trigger = f.trigger AND j.seq = f.seq
)
INSERT INTO broker.journal (trigger, seq, attributes, data)
SELECT n.trigger, n.seq, n.attributes::json, n.data
FROM unnest(%(triggers)b::text[], %(seqs)b::bigint[], %(attributes)b::text[], %(data)b::bytea[])
    AS n(trigger, seq, attributes, data)
ON CONFLICT DO NOTHING
"""
_PAGE = """
SELECT seq, attributes::text, data, failures,
       greatest(0, extract(epoch FROM not_before - now()))::float8
FROM broker.journal WHERE trigger = %s AND seq > %s ORDER BY seq LIMIT %s
"""


class Row(NamedTuple):
    """One event for one trigger; `failures` and `wait_s` are of deliveries begun before a restart."""

    trigger: str
    seq: int
    event: CloudEvent
    failures: int = 0
    wait_s: float = 0.0


@dataclass(slots=True)
class _Batch:
    """The changes that the next statement makes."""

    rows: list[Row] = field(default_factory=list)
    waiting: list[tuple[asyncio.Future[None], Sequence[Row]]] = field(default_factory=list)
    gone: list[tuple[str, int]] = field(default_factory=list)
    failed: dict[tuple[str, int], tuple[int, float]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rows or self.gone or self.failed)


class Journal:
    """The table of accepted events and the one connection to it.

    `on_durable(rows)` is called in order of seq as soon as rows are committed, `on_state(up)` when the connection is
    lost or back, `on_lost()` when another process took over after it was lost.
    """

    def __init__(
        self,
        database_url: str,
        *,
        on_durable: Callable[[Sequence[Row]], None],
        on_state: Callable[[bool], None],
        on_lost: Callable[[], None],
    ) -> None:
        self.database_url = database_url
        self.up = False
        self._on_durable, self._on_state, self._on_lost = on_durable, on_state, on_lost
        self._batch = _Batch()
        self._pages: deque[tuple[str, int, int, Callable[[list[Row]], None]]] = deque()
        self._wake = asyncio.Event()
        self._stopping = False
        self._seq = 0
        self._failures = 0
        self._committed_at = 0.0
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self, wait_s: float) -> None:
        """Connect and become the owner. Raises AlreadyRunning (another is, for `wait_s`), NotDurable."""
        try:
            async with asyncio.timeout(wait_s):
                while not await self._connect():  # noqa: ASYNC110 - the owner is another process
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AlreadyRunning(
                f"another embedded broker owns this database's journal (waited {wait_s:g} s); stop it first"
            ) from None
        except psycopg.Error as error:
            raise NotDurable(f"the journal's database can't be used: {error}") from error
        self._task = asyncio.create_task(self._run())

    def next_seq(self) -> int:
        """The next row number; each is above the one before."""
        self._seq += 1
        return self._seq

    async def append(self, rows: Sequence[Row]) -> None:
        """Return once the rows are committed. Raises NotDurable; they are then not delivered."""
        if not self.up:
            raise NotDurable("no connection to PostgreSQL")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._batch.rows.extend(rows)
        self._batch.waiting.append((done, rows))
        self._wake.set()
        await done

    def settle(self, trigger: str, seq: int, led_to: Sequence[Row]) -> None:
        """Remove a row and write what it led to in the same transaction, soon, also after a reconnect."""
        batch = self._batch
        batch.gone.append((trigger, seq))
        batch.failed.pop((trigger, seq), None)
        batch.rows.extend(led_to)
        self._wake.set()

    def count_failure(self, trigger: str, seq: int, failures: int, wait_s: float) -> None:
        """Write down soon how many attempts at a row have failed and how long to wait for the next."""
        self._batch.failed[trigger, seq] = (failures, wait_s)
        self._wake.set()

    def page(self, trigger: str, after: int, limit: int, then: Callable[[list[Row]], None]) -> None:
        """Read the next rows of a trigger after everything asked for so far; `then` gets them."""
        self._pages.append((trigger, after, limit, then))
        self._wake.set()

    async def counts(self) -> dict[str, int]:
        """The number of rows of each trigger; to be asked before any other use."""
        assert self._connection
        cursor = await self._connection.execute(
            "SELECT trigger, count(*) FROM broker.journal GROUP BY trigger"
        )
        return dict(await cursor.fetchall())

    async def close(self) -> None:
        """Write what is left to write, then disconnect and give the ownership up."""
        self._stopping = True
        self._wake.set()
        if self._task:
            await self._task
        if self._connection:
            await self._connection.close()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    await self._turn()
                self._failures = 0
            except (psycopg.Error, OSError, TimeoutError) as error:
                await self._recover(error)
            if self._stopping and (not self.up or not (self._batch or self._pages)):
                return

    async def _turn(self) -> None:
        """Commit until nothing is asked for, then read pages: their rows are then never on the way too."""
        while self._batch:
            # What comes within the pace of a commit shares the next; the first after silence never waits.
            await asyncio.sleep(self._committed_at + PACE_S - monotonic())
            await self._commit()
            self._committed_at = monotonic()
        while self._pages:
            trigger, after, limit, then = self._pages[0]
            assert self._connection
            cursor = await self._connection.execute(_PAGE, (trigger, after, limit), prepare=True, binary=True)
            rows = [
                Row(trigger, seq, CloudEvent.of(json.loads(attributes), data), failures, wait_s or 0.0)
                for seq, attributes, data, failures, wait_s in await cursor.fetchall()
            ]
            self._pages.popleft()
            then(rows)
            if self._batch:
                self._wake.set()

    async def _commit(self) -> None:
        batch, self._batch = self._batch, _Batch()
        rows, gone, failed = batch.rows, batch.gone, batch.failed
        assert self._connection
        try:
            await self._connection.execute(
                _COMMIT,
                {
                    "gone_triggers": [trigger for trigger, _ in gone],
                    "gone_seqs": [seq for _, seq in gone],
                    "failed_triggers": [trigger for trigger, _ in failed],
                    "failed_seqs": [seq for _, seq in failed],
                    "failures": [failures for failures, _ in failed.values()],
                    "waits": [wait_s for _, wait_s in failed.values()],
                    "triggers": [row.trigger for row in rows],
                    "seqs": [row.seq for row in rows],
                    "attributes": [
                        json.dumps(row.event.attributes(), ensure_ascii=False, separators=(",", ":"))
                        for row in rows
                    ],
                    "data": [row.event.data for row in rows],
                },
                prepare=True,
            )
        except BaseException:
            self._undo(batch)
            raise
        for done, _ in batch.waiting:
            if not done.done():
                done.set_result(None)
        if rows:
            self._on_durable(rows)

    def _undo(self, batch: _Batch) -> None:
        """Take back what a batch accepted and settle its rows again, since nobody knows whether it was committed."""
        refused: set[tuple[str, int]] = set()
        for done, rows in batch.waiting:
            refused.update((row.trigger, row.seq) for row in rows)
            if not done.done():
                done.set_exception(NotDurable("PostgreSQL did not confirm"))
        later, self._batch = self._batch, batch
        batch.rows = [row for row in batch.rows if (row.trigger, row.seq) not in refused] + later.rows
        batch.gone += [*refused, *later.gone]
        batch.waiting = later.waiting
        batch.failed.update(later.failed)
        for key in batch.gone:
            batch.failed.pop(key, None)

    async def _recover(self, error: BaseException) -> None:
        """Reconnect with bounded backoff; refuse what waits to be accepted meanwhile."""
        _log.warning("PostgreSQL is out of reach, dispatching pauses: %s", error)
        self.up = False
        self._on_state(False)
        if self._connection:
            with contextlib.suppress(psycopg.Error, OSError, TimeoutError):
                await asyncio.wait_for(self._connection.close(), 1.0)
        while not self._stopping:
            self._refuse_waiting()
            # Also before the first attempt: a full disk, say, fails every statement and no connection.
            await asyncio.sleep(_RECONNECT_S[min(self._failures, len(_RECONNECT_S) - 1)])
            self._failures += 1
            try:
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    if not await self._connect():
                        _log.error("another embedded broker took the journal over; stopping")
                        self._on_lost()
                        self._stopping = True
                        return
                break
            except (psycopg.Error, OSError, TimeoutError) as again:
                _log.debug("still out of reach: %s", again)
        if self.up:
            _log.info("PostgreSQL is back, dispatching goes on")
            self._on_state(True)
            self._wake.set()

    def _refuse_waiting(self) -> None:
        if self._batch.waiting:
            batch, self._batch = self._batch, _Batch()
            self._undo(batch)

    async def _connect(self) -> bool:
        """Connect and ask for the ownership: whether we have it. Raises psycopg.Error."""
        connection = await psycopg.AsyncConnection.connect(
            self.database_url,
            autocommit=True,
            connect_timeout=5,
            application_name="eco2-broker",
            options=_SESSION,
        )
        try:
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (OWNER_LOCK,))
            owned = await cursor.fetchone()
            if not owned or not owned[0]:
                await connection.close()
                return False
            cursor = await connection.execute("SELECT coalesce(max(seq), 0) FROM broker.journal")
            highest = await cursor.fetchone()
        except BaseException:
            await connection.close()
            raise
        self._seq = max(self._seq, highest[0] if highest else 0)
        self._connection = connection
        self.up = True
        return True
