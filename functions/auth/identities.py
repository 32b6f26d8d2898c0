"""What identity providers tell of people, for who needs it before the event has come. Table `auth.identities`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from functions.auth.events import UserRegistered
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources


class Identities(Service):
    """Registrations, read where they happened."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        return cls(await resources.database())

    async def registration(self, user_id: str) -> UserRegistered | None:
        """What the event of the user's registration tells, or None where sign-in knows no such user."""
        row = await self._database.one(_REGISTRATION, (user_id,))
        if row is None:
            return None
        provider, person, username, email, image, at = row
        return UserRegistered(
            user_id=user_id,
            provider=provider,
            provider_user_id=person,
            username=username,
            email=email,
            profile_image_url=image,
            at=at,
        )


_REGISTRATION = """
SELECT provider, provider_user_id, username, email, profile_image_url, created_at FROM auth.identities
WHERE user_id = %s AND username IS NOT NULL ORDER BY created_at LIMIT 1
"""
