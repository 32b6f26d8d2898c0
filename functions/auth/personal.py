"""What sign-in holds of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from functions.auth.endings import Endings
from functions.runtime.personal import PersonalData, PersonalTable

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

MOST_TOLD = 200
"""Sessions whose end is told by an event each; of more the table of revocations tells, a second later."""


class AuthData(PersonalData):
    """Who somebody is to the providers, their logins, and the audit of these."""

    tables = (
        PersonalTable(
            "auth.identities", "identities", "provider, provider_user_id, created_at, last_login_at"
        ),
        PersonalTable(
            "auth.sessions",
            "sessions",
            "id, provider, device_id, user_agent, issued_at, renewed_at, expires_at, ended_at, ended_by",
        ),
        PersonalTable("auth.login_audits", "sign_ins", "provider, ip, user_agent, at"),
    )

    def __init__(self, database: Database, endings: Endings) -> None:
        super().__init__(database)
        self._endings = endings

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        return cls(await resources.database(), await resources.get(Endings))

    async def forget(self, user_id: str) -> None:
        """End every login of the user, then delete all."""
        rows = await self._database.all(_LIVE, {"user": user_id, "limit": MOST_TOLD})
        for (session,) in rows:
            await self._endings.end(str(session), user_id, "deletion")
        await self._endings.revoke_all(user_id)
        await super().forget(user_id)


_LIVE = """
SELECT id FROM auth.sessions WHERE user_id = %(user)s AND ended_at IS NULL AND expires_at > now()
ORDER BY issued_at DESC LIMIT %(limit)s
"""
