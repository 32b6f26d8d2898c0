"""Transactional outbox: an event is stored with the change it tells of, and leaves right after.

The usual way is `send`: published at once, its row removed in a batch shortly after. What could not leave then –
the broker was down, the process died – the sweeper's `relay` sends, oldest first. Either way an event may leave
twice and is never lost; its id is the same, so its consumers see one.

Each domain has its own table `<schema>.outbox (id, event, created_at, due_at)`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from eventing.cloudevent import CloudEvent, decode
from eventing.errors import PublishFailed

log = logging.getLogger(__name__)
REMOVE_AFTER_S = 0.2
_STRUCTURED = {"content-type": "application/cloudevents+json"}


class Statements(Protocol):
    """A database that runs one statement at a time."""

    async def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...


class Sink(Protocol):
    """Where events go: a Publisher."""

    async def publish(self, event: CloudEvent) -> None: ...


class Outbox:
    """The outbox of one domain; one instance a process."""

    def __init__(self, schema: str, database: Statements, sink: Sink) -> None:
        self._database, self._sink = database, sink
        self._remove = f"DELETE FROM {schema}.outbox WHERE id = ANY(%s)"  # noqa: S608 - our own schema names
        self._due = f"""
            UPDATE {schema}.outbox SET due_at = now() + interval '30 seconds'
            WHERE id IN (SELECT id FROM {schema}.outbox WHERE due_at < now()
                         ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED)
            RETURNING id, event
        """  # noqa: S608
        self._age = f"SELECT extract(epoch FROM now() - min(created_at))::float FROM {schema}.outbox"  # noqa: S608
        self._sent: list[UUID] = []
        self._removing: asyncio.Task[None] | None = None

    async def send(self, id: UUID, event: CloudEvent) -> None:
        """Publish an event whose row is committed. A failure is not an error: `relay` will send it."""
        try:
            await self._sink.publish(event)
        except PublishFailed as failure:
            log.warning("left for the relay: %s", failure)
            return
        self._sent.append(id)
        if self._removing is None or self._removing.done():
            self._removing = asyncio.create_task(self._remove_sent())

    async def relay(self, limit: int) -> int:
        """Send what is due, at most `limit`; returns how many left. Safe in several places at once."""
        sent = 0
        for id, document in await self._database.all(self._due, (limit,)):
            try:
                await self._sink.publish(decode(_STRUCTURED, bytes(document)))
            except PublishFailed as failure:
                log.warning("still left for the relay: %s", failure)
                break
            await self._database.all(self._remove, ([id],))
            sent += 1
        return sent

    async def age_s(self) -> float:
        """Age of the oldest event that has not left, in seconds; 0 when there is none."""
        rows = await self._database.all(self._age)
        return float(rows[0][0] or 0)

    async def close(self) -> None:
        """Remove what was sent."""
        if self._removing:
            await self._removing

    async def _remove_sent(self) -> None:
        await asyncio.sleep(REMOVE_AFTER_S)
        sent, self._sent = self._sent, []
        try:
            await self._database.all(self._remove, (sent,))
        except Exception:
            log.warning("%d sent events were not removed; they leave twice", len(sent))
