"""The logins of one user: told with their devices, and who may end them. Table `auth.sessions`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Self
from uuid import UUID

from functions.auth.claims import LEEWAY_S
from functions.auth.settings import AuthSettings
from functions.runtime.errors import NotFound, Unauthorized
from functions.runtime.request import User
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

MOST_TOLD = 200
FRESH_S = 900
"""How long after signing in one may end one's other logins."""


@dataclass(frozen=True, slots=True)
class KnownLogin:
    """A login that could still be used: where it was made and when it was used last."""

    session: str
    provider: str
    device_id: str | None
    user_agent: str
    issued_at: datetime
    renewed_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OwnLogin(KnownLogin):
    """A login as its user sees it; `current` is the one that asks."""

    current: bool


class Logins(Service):
    """What is signed in for a user."""

    def __init__(self, database: Database, access_ttl_s: int) -> None:
        self._database, self._access_ttl_s = database, access_ttl_s

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        return cls(await resources.database(), resources.settings(AuthSettings).access_ttl_s)

    async def of(self, user_id: str) -> list[KnownLogin]:
        """The user's logins, the newest MOST_TOLD of them first. Raises Retry without the database."""
        rows = await self._database.all(_LIVE, {"user": user_id, "limit": MOST_TOLD})
        return [KnownLogin(str(row[0]), *row[1:]) for row in rows]

    async def own(self, user: User) -> list[OwnLogin]:
        """The logins of the caller. Raises Retry without the database."""
        known = await self.of(user.id)
        return [OwnLogin(**asdict(login), current=login.session == user.session) for login in known]

    async def may_end(self, user: User, session: UUID) -> None:
        """Check that the caller may end a login: it is theirs, and the one that asks, or that one is fresh.

        Who found an unlocked device can't sign its owner out elsewhere. Raises NotFound and Unauthorized, by which a
        client knows that signing in again helps (RFC 9470).
        """
        row = await self._database.one(
            _ENDABLE, {"id": session, "user": user.id, "by": user.session or None, "fresh_s": FRESH_S}
        )
        if row is None:
            raise NotFound("SESSION_NOT_FOUND", "There is no such login of yours.")
        if not row[0]:
            challenge = f'Bearer error="insufficient_user_authentication", max_age="{FRESH_S}"'
            raise Unauthorized(
                "SIGN_IN_AGAIN",
                "Sign in again, then end your other logins.",
                headers={"www-authenticate": challenge},
            )

    async def end_all(self, user_id: str, reason: Literal["deletion", "operator"]) -> int:
        """End them, however many there are; refused everywhere within a second or two. How many it were."""
        row = await self._database.one(
            _END_ALL, {"user": user_id, "reason": reason, "ttl_s": self._access_ttl_s + LEEWAY_S}
        )
        return int(row[0]) if row else 0


_LIVE = """
SELECT id, provider, device_id, user_agent, issued_at, renewed_at, expires_at FROM auth.sessions
WHERE user_id = %(user)s AND ended_at IS NULL AND expires_at > now()
ORDER BY issued_at DESC LIMIT %(limit)s
"""
_ENDABLE = """
SELECT id = %(by)s OR EXISTS (
    SELECT FROM auth.sessions WHERE (id, user_id) = (%(by)s, %(user)s) AND ended_at IS NULL
                                    AND issued_at > now() - make_interval(secs => %(fresh_s)s)
)
FROM auth.sessions WHERE (id, user_id) = (%(id)s, %(user)s) AND ended_at IS NULL AND expires_at > now()
"""
_END_ALL = """
WITH ended AS (
    UPDATE auth.sessions SET ended_at = now(), ended_by = %(reason)s WHERE user_id = %(user)s AND ended_at IS NULL
    RETURNING id
), revoked AS (
    INSERT INTO auth.revocations (session, expires_at)
    SELECT id, now() + make_interval(secs => %(ttl_s)s) FROM ended
    ON CONFLICT (session) DO NOTHING
)
SELECT count(*) FROM ended
"""
