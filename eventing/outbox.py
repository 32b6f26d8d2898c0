"""The transactional outbox: an event is written with the change it tells of, and leaves once that is committed.

Each domain has its own table (id, event, created_at). A statement that changes something writes the
event in the same breath, `send` publishes it at once, and what could not be sent is relayed by the sweeper.
An event may leave twice (a crash between publishing and deleting), always with the same id.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from eventing.cloudevent import STRUCTURED, CloudEvent, decode
from eventing.errors import InvalidCloudEvent, PublishFailed
from process import tracing

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from eventing.publisher import Publisher

_log = logging.getLogger(__name__)
_FLUSH_AFTER_S = 0.25
_FLUSH_AT = 100
_PAGE = 50  # events on their way at once
_GRACE_S = 6.0  # younger rows are being sent by whoever wrote them (a publish takes at most 5 s)
_MAX_BYTES = 1_000_000
Refused = Callable[[CloudEvent, PublishFailed], Awaitable[None]]


class Statements(Protocol):
    """A database that runs one statement in autocommit."""

    async def run(self, sql: str, parameters: Any = (), /) -> None:
        """Execute the statement without reading rows."""


class Outbox:
    """The outbox table of one schema."""

    def __init__(self, schema: str) -> None:
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", schema):
            raise ValueError(f"{schema!r} is no schema name")
        self.schema = schema
        name = f"{schema}.outbox"
        self._delete = f"DELETE FROM {name} WHERE id = ANY(%s)"  # noqa: S608
        self._oldest = f"SELECT extract(epoch FROM now() - min(created_at)) FROM {name}"  # noqa: S608
        self._page = (
            f"SELECT id, event, created_at FROM {name} "  # noqa: S608
            "WHERE created_at < now() - make_interval(secs => %(grace_s)s) "
            "AND (%(after_time)s::timestamptz IS NULL "
            "     OR (created_at, id) > (%(after_time)s::timestamptz, %(after_id)s::uuid)) "
            "ORDER BY created_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED"
        )
        self._sent: list[UUID] = []
        self._flushing: asyncio.Task[None] | None = None

    @staticmethod
    def row(id: UUID, event: CloudEvent) -> dict[str, Any]:
        """The parameters of a row, for the statement of a domain that inserts it."""
        return {"outbox_id": id, "outbox_event": event.to_structured()}

    async def send(
        self, id: UUID | str, event: CloudEvent, database: Statements, publisher: Publisher
    ) -> bool:
        """Publish an event whose row is committed; its row goes with the next batch (0.25 s or 100 rows).

        False when the sink did not take it: the row stays for `relay`. Raises nothing of the sink's.
        """
        try:
            await publisher.publish(event)
        except PublishFailed as failed:
            _log.warning("event %s stays in the outbox: %s", event.id, failed)
            return False
        self._sent.append(UUID(str(id)))
        if len(self._sent) >= _FLUSH_AT:
            await self.flush(database)
        elif self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush_soon(database), name="outbox-flush")
        return True

    async def flush(self, database: Statements) -> None:
        """Delete the rows of what was sent. Raises what the database raises; the rows are relayed again then."""
        ids, self._sent = self._sent, []
        if ids:
            await database.run(self._delete, (ids,))

    async def relay(
        self,
        pool: AsyncConnectionPool,
        publisher: Publisher,
        refused: Refused,
        *,
        limit: int = 500,
        grace_s: float = _GRACE_S,
    ) -> int:
        """Publish up to `limit` of the oldest rows; returns how many the sink took. Safe to run in parallel.

        Stops when the sink takes none of a page, which time may heal. An event it refuses for good goes to `refused`,
        which records it; what is no event stays, is reported each time and holds up no other.
        """
        with tracing.call(f"relay {self.schema}.outbox", dict, kind=tracing.SpanKind.INTERNAL) as span:
            total = await self._relay(pool, publisher, limit, grace_s, refused)
            span.set_attribute("eco2.outbox.sent", total)
            return total

    async def _relay(
        self,
        pool: AsyncConnectionPool,
        publisher: Publisher,
        limit: int,
        grace_s: float,
        refused: Refused,
    ) -> int:
        total, seen = 0, 0
        after: tuple[Any, Any] = (None, None)
        while seen < limit:
            async with pool.connection() as connection, connection.transaction():
                rows = await self._locked(connection, after, min(_PAGE, limit - seen), grace_s)
                if not rows:
                    break
                outcomes = await asyncio.gather(*(_publish(row[1], publisher, refused) for row in rows))
                gone = [
                    row[0]
                    for row, outcome in zip(rows, outcomes, strict=True)
                    if outcome in ("sent", "refused")
                ]
                await connection.execute(self._delete.encode(), (gone,))
            total += outcomes.count("sent")
            seen += len(rows)
            after = (rows[-1][2], rows[-1][0])
            if "later" in outcomes and "sent" not in outcomes:
                break
        return total

    async def oldest_age_s(self, pool: AsyncConnectionPool) -> float:
        """The age of the oldest unsent event in seconds; 0 when there is none."""
        async with pool.connection() as connection:
            row = await (await connection.execute(self._oldest.encode())).fetchone()
        return float(row[0]) if row and row[0] is not None else 0.0

    async def _locked(
        self, connection: AsyncConnection, after: tuple[Any, Any], limit: int, grace_s: float
    ) -> list[tuple[UUID, bytes, Any]]:
        parameters = {"after_time": after[0], "after_id": after[1], "limit": limit, "grace_s": grace_s}
        return await (await connection.execute(self._page.encode(), parameters)).fetchall()

    async def _flush_soon(self, database: Statements) -> None:
        while self._sent:  # what is sent while a batch is being deleted goes with the next one
            await asyncio.sleep(_FLUSH_AFTER_S)
            try:
                await self.flush(database)
            except Exception:  # any driver's; the rows are still there and are relayed, with the same ids
                _log.warning("rows of sent events could not be deleted", exc_info=True)


async def _publish(raw: bytes, publisher: Publisher, refused: Refused) -> str:
    """Publish a row's event and give what becomes of the row: sent, refused (and recorded), stays or later."""
    try:
        event = decode({"content-type": STRUCTURED}, bytes(raw), max_bytes=_MAX_BYTES)
    except InvalidCloudEvent as invalid:
        _log.error("a row of an outbox is no event: %s", invalid)
        return "stays"
    try:
        await publisher.publish(event)
    except PublishFailed as failed:
        if failed.retryable:
            return "later"
        _log.error("the sink refuses event %s of type %s: %s", event.id, event.type, failed)
        await refused(event, failed)
        return "refused"
    return "sent"
