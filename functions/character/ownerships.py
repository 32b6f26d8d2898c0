"""Ownership of characters. Table `characters.ownerships`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from uuid import UUID

from eventing.batch import Batch
from functions.runtime.errors import Reject, Retry
from functions.runtime.resources import Service
from functions.runtime.text import identifier

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources


@dataclass(frozen=True, slots=True)
class Ownership:
    """A user owns a character; `job_id` is the scan that earned it, None for the default one."""

    user_id: str
    code: str
    job_id: UUID | None = None


class Ownerships(Service):
    """Ownerships, stored many in one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._records: Batch[Ownership, None] = Batch(self._store, whole=(Retry,))

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        return cls(await resources.database())

    async def record(self, ownership: Ownership) -> None:
        """Store an ownership; storing it again is the same. Raises Reject."""
        if identifier(ownership.user_id) is None:
            raise Reject("USER_ID_INVALID", "The event's user_id is no id of a user.")
        await self._records.add(ownership)

    async def _store(self, ownerships: Sequence[Ownership]) -> Sequence[None]:
        # In one order everywhere, so that two batches with the same rows wait for each other instead of both.
        rows = sorted(
            {(o.user_id, o.code): o for o in ownerships}.values(), key=lambda o: (o.user_id, o.code)
        )
        columns = [o.user_id for o in rows], [o.code for o in rows], [o.job_id for o in rows]
        await self._database.run(_RECORD, columns)
        return [None] * len(ownerships)


_RECORD = """
INSERT INTO characters.ownerships (user_id, character_code, job_id)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[])
ON CONFLICT (user_id, character_code) DO NOTHING
"""
