"""The ends of logins: in the database, in the memory of every process that checks tokens, and told to the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Self

from eventing.catalogue import to_event
from functions.auth.blacklist import Blacklist
from functions.auth.claims import LEEWAY_S, Claims
from functions.auth.events import RevokedToken, TokensRevoked
from functions.auth.outgoing import AuthOutgoing
from functions.auth.settings import AuthSettings
from functions.runtime.errors import FunctionError
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
SOURCE = "/eco2/auth/endings"
Reason = Literal["logout", "reuse", "deletion"]


class Endings(Service):
    """Ends sessions, all of whose access tokens are refused from then on."""

    def __init__(
        self, database: Database, outgoing: AuthOutgoing, resources: Resources, access_ttl_s: int
    ) -> None:
        self._database, self._outgoing, self._resources = database, outgoing, resources
        self._access_ttl_s = access_ttl_s

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        database, outgoing = await resources.database(), await resources.get(AuthOutgoing)
        return cls(database, outgoing, resources, resources.settings(AuthSettings).access_ttl_s)

    async def end(self, session: str, user_id: str, reason: Reason, known_by: Sequence[Claims] = ()) -> None:
        """End a session, once; `known_by` are the tokens that named it. Raises Retry without the database.

        The event makes sure of what is done here at once: a function that has to start first takes longer than
        an ended login may live.
        """
        until = datetime.fromtimestamp(time.time() + self._access_ttl_s + LEEWAY_S, UTC)
        told = TokensRevoked(
            user_id=user_id,
            session=session,
            expires_at=until,
            reason=reason,
            tokens=tuple(
                RevokedToken(id=claims.id, expires_at=datetime.fromtimestamp(claims.expires_at, UTC))
                for claims in known_by
            ),
        )
        event = to_event(told, source=SOURCE, subject=session, userid=user_id)
        ended = {
            "session": session,
            "reason": reason,
            "until": until,
            "id": event.id,
            "event": event.to_structured(),
        }
        if await self._database.one(_END, ended) is None:
            return
        try:
            await (await self._resources.get(Blacklist)).tell(told)
        except FunctionError as error:
            log.warning("an ended login is told by its event alone: %s", error.code)
        await self._outgoing.send(event)

    async def end_named(self, named: Sequence[Claims], reason: Reason) -> None:
        """End the sessions that good tokens name. Raises Retry without the database."""
        for session, user_id in {(claims.session, claims.user_id) for claims in named}:
            await self.end(session, user_id, reason, [each for each in named if each.session == session])

    async def forget(self) -> None:
        """Forget ended sessions every token of which has expired."""
        await self._database.run(_FORGET)


_FORGET = "DELETE FROM auth.revocations WHERE expires_at < now()"
_END = """
WITH ended AS (
    UPDATE auth.sessions SET ended_at = now(), ended_by = %(reason)s WHERE id = %(session)s AND ended_at IS NULL
), revoked AS (
    INSERT INTO auth.revocations (session, expires_at) VALUES (%(session)s, %(until)s)
    ON CONFLICT (session) DO NOTHING RETURNING session
)
INSERT INTO auth.outbox (id, event) SELECT %(id)s, %(event)s FROM revoked RETURNING id
"""
