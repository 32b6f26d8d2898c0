"""What sign-in holds of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from functions.auth.endings import Endings
from functions.auth.logins import Logins
from functions.runtime.personal import PersonalData, PersonalTable

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources


class AuthData(PersonalData):
    """Who somebody is to the providers, their logins, and the audit of these."""

    tables = (
        PersonalTable(
            "auth.identities",
            "identities",
            "provider, provider_user_id, username, email, profile_image_url, created_at, last_login_at",
        ),
        PersonalTable(
            "auth.sessions",
            "sessions",
            "id, provider, device_id, user_agent, issued_at, renewed_at, expires_at, ended_at, ended_by",
        ),
        PersonalTable("auth.login_audits", "sign_ins", "provider, ip, user_agent, at"),
    )

    def __init__(self, database: Database, endings: Endings, logins: Logins) -> None:
        super().__init__(database)
        self._endings, self._logins = endings, logins

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        return cls(await resources.database(), await resources.get(Endings), await resources.get(Logins))

    async def forget(self, user_id: str) -> None:
        """End every login of the user, each told by an event or, of very many, by the table alone; then delete all."""
        for login in await self._logins.of(user_id):
            await self._endings.end(login.session, user_id, "deletion")
        await self._logins.end_all(user_id, "deletion")
        await super().forget(user_id)
