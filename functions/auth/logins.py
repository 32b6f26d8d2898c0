"""The logins of one user: told with their devices, and ended all at once. Table `auth.sessions`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Self

from functions.auth.claims import LEEWAY_S
from functions.auth.settings import AuthSettings
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

MOST_TOLD = 200


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
