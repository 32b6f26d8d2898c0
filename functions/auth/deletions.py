"""Accounts that are being deleted. Table `auth.deletions`.

Whoever holds anything of a user hears of it by `eco2.user.deleted`. What was on its way at that moment, such as a scan
that a worker had in hand, may leave a row behind, so the event comes again: AGAIN_S after the first time. Then the row
goes too, and nothing is left that names the user.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self
from uuid import NAMESPACE_URL, uuid5

from eventing.catalogue import to_event
from functions.auth.events import UserDeleted
from functions.auth.outgoing import AuthOutgoing
from functions.auth.personal import AuthData
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from eventing.cloudevent import CloudEvent
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

SOURCE = "/eco2/auth/deletions"
AGAIN_S = (60.0, 600.0, 3600.0)
AT_ONCE = 100


class Deletions(Service):
    """Deletions of accounts: begun by their users, told until nothing can be on its way any more."""

    def __init__(self, database: Database, outgoing: AuthOutgoing, held: AuthData) -> None:
        self._database, self._outgoing, self._held = database, outgoing, held

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        database, outgoing = await resources.database(), await resources.get(AuthOutgoing)
        return cls(database, outgoing, await resources.get(AuthData))

    async def begin(self, user_id: str) -> None:
        """Delete an account: its logins are over when this returns, the rest follows by the event. Raises Retry."""
        row = await self._database.one(_BEGIN, (user_id,))
        if row:
            await self._tell(user_id, row[0], 0)
        await self._held.forget(user_id)

    async def repeat(self) -> None:
        """Tell again of the deletions that it is time for."""
        for user_id, at, told in await self._database.all(_DUE, (list(AGAIN_S), AT_ONCE)):
            await self._tell(str(user_id), at, told)
        await self._database.run(_OVER, (len(AGAIN_S) + 1,))

    async def _tell(self, user_id: str, at: datetime, told: int) -> None:
        event = _event(user_id, at, told)
        row = await self._database.one(
            _TELL, {"user": user_id, "told": told, "id": event.id, "event": event.to_structured()}
        )
        if row:
            await self._outgoing.send(event)


def _event(user_id: str, at: datetime, told: int) -> CloudEvent:
    identifier = str(uuid5(NAMESPACE_URL, f"eco2:deletion:{user_id}:{told}"))
    data = UserDeleted(user_id=user_id, at=at)
    return to_event(data, source=SOURCE, subject=user_id, id=identifier, userid=user_id)


# Asked again while it is under way, the answer is the same, and what had not been told is told now.
_BEGIN = """
WITH begun AS (
    INSERT INTO auth.deletions (user_id) VALUES (%s) ON CONFLICT (user_id) DO NOTHING RETURNING at
)
SELECT at FROM begun
"""
_DUE = """
SELECT user_id, at, told FROM auth.deletions
WHERE now() > at + make_interval(secs => coalesce((%s::float8[])[told], 0)) ORDER BY at LIMIT %s
"""
_TELL = """
WITH told AS (
    UPDATE auth.deletions SET told = told + 1 WHERE user_id = %(user)s AND told = %(told)s RETURNING user_id
)
INSERT INTO auth.outbox (id, event) SELECT %(id)s, %(event)s FROM told RETURNING id
"""
_OVER = "DELETE FROM auth.deletions WHERE told >= %s"
