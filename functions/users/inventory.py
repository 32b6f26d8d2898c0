"""The characters a user has collected. Table `users.user_characters`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID

from pydantic import BaseModel

from eventing.batch import Batch
from functions.character.catalogue import CHARACTERS, DEFAULT
from functions.character.events import CharacterGranted
from functions.runtime.errors import Reject, Retry
from functions.runtime.request import User
from functions.runtime.resources import Service
from functions.runtime.text import identifier
from functions.users.accounts import Accounts

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

_BY_CODE = {character.code: character for character in CHARACTERS}


class Collected(BaseModel):
    """A character in somebody's collection, as the client sees it."""

    id: UUID
    code: str
    name: str
    type: str
    dialog: str
    acquired_at: datetime


class Inventory(Service):
    """Collections of users: granted characters, stored many in one statement, and listed."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self._database, self._accounts = database, accounts
        self._granted: Batch[CharacterGranted, None] = Batch(self._store, whole=(Retry,))

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        return cls(await resources.database(), await resources.get(Accounts))

    async def collect(self, granted: CharacterGranted) -> None:
        """Store that the user owns the character; owning it already is the same. Raises Reject."""
        if identifier(granted.user_id) is None:
            raise Reject("USER_ID_INVALID", "The event's user_id is no id of a user.")
        await self._granted.add(granted)

    async def of(self, user: User) -> list[Collected]:
        """The characters of a user in the order of collecting; a new user has the default one, before any event comes.

        A code of a newer release is left out until this one knows it.
        """
        rows = await self._database.all(_OWNED, (user.id,))
        if not any(code == DEFAULT.code for _, code, _ in rows):
            await self._accounts.ensure(user)
            rows = await self._database.all(_OWNED, (user.id,))
        return [
            Collected(
                id=row_id,
                code=code,
                name=_BY_CODE[code].name,
                type=_BY_CODE[code].type,
                dialog=_BY_CODE[code].dialog,
                acquired_at=acquired_at,
            )
            for row_id, code, acquired_at in rows
            if code in _BY_CODE
        ]

    async def _store(self, granted: Sequence[CharacterGranted]) -> Sequence[None]:
        # In one order everywhere, so that two batches with the same rows wait for each other instead of both.
        rows = sorted({(g.user_id, g.code): g for g in granted}.items())
        users, codes, jobs = [u for (u, _), _ in rows], [c for (_, c), _ in rows], [g.job_id for _, g in rows]
        await self._database.run(_COLLECT, (users, codes, jobs))
        return [None] * len(granted)


_OWNED = """
SELECT id, character_code, acquired_at FROM users.user_characters
WHERE user_id = %s ORDER BY acquired_at, character_code
"""
_COLLECT = """
INSERT INTO users.user_characters (user_id, character_code, job_id)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[])
ON CONFLICT (user_id, character_code) DO NOTHING
"""
