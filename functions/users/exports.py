"""An export: everything that all domains hold of one user, written as it is read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Self

from functions.runtime.errors import Unavailable
from functions.runtime.personal import PersonalData, everywhere
from functions.runtime.request import User
from functions.runtime.resources import Resources, Service
from functions.users.accounts import Accounts

BUDGET_S = 120.0
"""A slow reader holds a connection to the database; no longer than that, and not more than AT_ONCE of them."""
AT_ONCE = 2


class Exports(Service):
    """Exports for users, a few at once."""

    def __init__(self, accounts: Accounts, held: list[PersonalData]) -> None:
        self._accounts, self._held = accounts, held
        self._places = asyncio.Semaphore(AT_ONCE)

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over what every domain holds."""
        kinds = await asyncio.to_thread(everywhere)
        return cls(await resources.get(Accounts), [await resources.get(kind) for kind in kinds])

    async def ready(self, user: User) -> None:
        """Make sure that a document can be begun. Raises Unavailable or Retry."""
        if self._places.locked():
            raise Unavailable("Others are being given their data; try again in a moment.", after_s=10)
        await self._accounts.of(user)

    async def document(self, user: User) -> AsyncIterator[str]:
        """The document, in pieces: `{"user_id", "exported_at", "<kind of thing>": [...], ...}`."""
        async with self._places, asyncio.timeout(BUDGET_S):
            at = datetime.now(UTC).isoformat(timespec="seconds")
            yield f'{{"user_id":{json.dumps(user.id)},"exported_at":"{at}"'
            for held in self._held:
                for name in (table.told_as for table in held.tables if table.told_as):
                    yield f',"{name}":['
                    between = ""
                    async for rows in held.told(user.id, name):
                        yield between + ",".join(rows)
                        between = ","
                    yield "]"
            yield "}"
