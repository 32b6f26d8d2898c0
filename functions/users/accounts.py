"""Accounts of users. Tables `users.accounts` and `users.social_accounts`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID

from pydantic import BaseModel

from functions.auth.events import SessionOpened, UserRegistered
from functions.auth.identities import Identities
from functions.character.catalogue import DEFAULT
from functions.runtime.errors import Conflict, Retry, TooMany
from functions.runtime.request import User
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database, Row
    from functions.runtime.resources import Resources

REFUSALS_A_DAY = 10


class Account(BaseModel):
    """A user as the client sees them; `username` is never empty."""

    id: UUID
    username: str
    display_name: str
    nickname: str
    email: str | None
    phone_number: str | None
    profile_image_url: str | None
    provider: str
    last_login_at: datetime | None
    created_at: datetime


class Accounts(Service):
    """Accounts, made from the events of sign-in, read and changed."""

    def __init__(self, database: Database, identities: Identities) -> None:
        self._database, self._identities = database, identities

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        return cls(await resources.database(), await resources.get(Identities))

    async def of(self, user: User) -> Account:
        """The user's account; made here when its event has not come yet, for the login is already good."""
        row = await self._database.one(_ACCOUNT, (user.id,))
        if row is None:
            await self.ensure(user)
            row = await self._database.one(_ACCOUNT, (user.id,))
        return Account(**dict(zip(Account.model_fields, row or (), strict=True)))

    async def change(self, user: User, nickname: str | None, phone_number: str | None) -> Account:
        """Change what is not None and return the account.

        Raises Conflict for somebody else's phone number, and TooMany to an account that was told so too often.
        """
        await self.of(user)
        refused, *changed = await self._changed(user.id, nickname, phone_number)
        if changed[0] is not None:
            return Account(**dict(zip(Account.model_fields, changed, strict=True)))
        if refused >= REFUSALS_A_DAY:
            raise TooMany(
                "TOO_MANY_PHONE_NUMBERS",
                "Too many numbers that belong to others; try again tomorrow.",
                policy="phone-numbers",
                after_s=86_400,
            )
        raise Conflict("PHONE_NUMBER_TAKEN", "This phone number belongs to another account.")

    async def _changed(self, user_id: str, nickname: str | None, phone_number: str | None) -> Row:
        """How often the user was refused before, and the account where it was changed."""
        from psycopg.errors import UniqueViolation

        change = {"id": user_id, "nickname": nickname, "phone": phone_number, "most": REFUSALS_A_DAY}
        for _ in range(2):
            try:
                return await self._database.one(_CHANGE, change) or (0, None)
            except UniqueViolation:  # another account took the number at this moment, which is seen now
                continue
        raise Retry("phone numbers of several accounts change at once")

    async def ensure(self, user: User) -> None:
        """Make an account for somebody who is signed in, unless there is one: with the names that sign-in knows."""
        if known := await self._identities.registration(user.id):
            await self.register(known)
            return
        await self._database.run(
            _ENSURE,
            {
                "id": user.id,
                "name": f"이웃-{user.id[:8]}",
                "provider": user.provider or "unknown",
                "character": DEFAULT.code,
            },
        )

    async def register(self, event: UserRegistered) -> None:
        """Make the account of a new user, who owns the default character. Repeating it changes nothing."""
        await self._database.run(
            _REGISTER,
            {
                "id": event.user_id,
                "name": event.username,
                "email": event.email,
                "picture": event.profile_image_url,
                "provider": event.provider,
                "person": event.provider_user_id,
                "at": event.at,
                "character": DEFAULT.code,
            },
        )

    async def seen(self, event: SessionOpened) -> None:
        """Remember the time of the latest sign-in, in whatever order the events come."""
        await self._database.run(_SEEN, (event.at, event.user_id))


_COLUMNS = """
    id, username, nickname, nickname, email, phone_number, profile_image_url, provider, last_login_at, created_at
"""
_ACCOUNT = f"SELECT {_COLUMNS} FROM users.accounts WHERE id = %s"  # noqa: S608 - columns from above
# Looked for first: what breaks the constraint is written to the server's log with its value. One statement, so that of
# many guesses at once no more are answered than of as many one after the other.
_CHANGE = f"""
WITH told AS (
    SELECT CASE WHEN %(phone)s::text IS NULL THEN 0 ELSE users.phone_refusals_today(%(id)s) END AS refused
), changed AS (
    UPDATE users.accounts SET nickname = coalesce(%(nickname)s, nickname),
                              phone_number = coalesce(%(phone)s, phone_number)
    FROM told
    WHERE id = %(id)s AND (%(phone)s::text IS NULL OR refused < %(most)s)
      AND NOT EXISTS (SELECT FROM users.accounts WHERE phone_number = %(phone)s AND id <> %(id)s)
    RETURNING {_COLUMNS}
), counted AS (
    INSERT INTO users.phone_refusals AS r (user_id)
    SELECT %(id)s FROM told WHERE refused < %(most)s AND NOT EXISTS (SELECT FROM changed)
    ON CONFLICT (user_id) DO UPDATE
        SET refused = CASE WHEN r.began_at > now() - interval '1 day' THEN r.refused + 1 ELSE 1 END,
            began_at = CASE WHEN r.began_at > now() - interval '1 day' THEN r.began_at ELSE now() END
)
SELECT told.refused, changed.* FROM told LEFT JOIN changed ON true
"""  # noqa: S608 - columns from above
_ENSURE = """
WITH account AS (
    INSERT INTO users.accounts (id, username, nickname, provider)
    VALUES (%(id)s, %(name)s, %(name)s, %(provider)s)
    ON CONFLICT (id) DO NOTHING
)
INSERT INTO users.user_characters (user_id, character_code) VALUES (%(id)s, %(character)s)
ON CONFLICT (user_id, character_code) DO NOTHING
"""
# An account that was made before its event came gets its names now, unless the user has changed them since.
_REGISTER = """
WITH account AS (
    INSERT INTO users.accounts AS a
        (id, username, nickname, email, profile_image_url, provider, registered_at, last_login_at, created_at)
    VALUES (%(id)s, %(name)s, %(name)s, %(email)s, %(picture)s, %(provider)s, %(at)s, %(at)s, %(at)s)
    ON CONFLICT (id) DO UPDATE
        SET username = excluded.username,
            nickname = CASE WHEN a.nickname = a.username THEN excluded.nickname ELSE a.nickname END,
            email = excluded.email,
            profile_image_url = coalesce(a.profile_image_url, excluded.profile_image_url),
            provider = excluded.provider,
            registered_at = excluded.registered_at,
            last_login_at = greatest(a.last_login_at, excluded.last_login_at),
            created_at = least(a.created_at, excluded.created_at)
        WHERE a.registered_at IS NULL
), social AS (
    INSERT INTO users.social_accounts (provider, provider_user_id, user_id, email)
    VALUES (%(provider)s, %(person)s, %(id)s, %(email)s)
    ON CONFLICT (provider, provider_user_id) DO NOTHING
)
INSERT INTO users.user_characters (user_id, character_code, acquired_at)
VALUES (%(id)s, %(character)s, %(at)s)
ON CONFLICT (user_id, character_code) DO NOTHING
"""
_SEEN = "UPDATE users.accounts SET last_login_at = greatest(last_login_at, %s) WHERE id = %s"
