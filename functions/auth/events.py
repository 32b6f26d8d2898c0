"""Events of sign-in, for the other domains."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel

from eventing.catalogue import EventData


class UserRegistered(EventData):
    """Somebody signed in for the first time; `user_id` is theirs from now on."""

    type: ClassVar[str] = "eco2.user.registered"

    user_id: str
    provider: str
    provider_user_id: str
    username: str
    email: str | None = None
    profile_image_url: str | None = None
    at: datetime


class SessionOpened(EventData):
    """A known user signed in again."""

    type: ClassVar[str] = "eco2.auth.session.opened"

    user_id: str
    provider: str
    at: datetime


class RevokedToken(BaseModel):
    """A token that is refused although it has not expired."""

    id: str
    expires_at: datetime


class TokensRevoked(EventData):
    """A login was ended before its tokens were: all access tokens of `session`, the last of which expires then.

    `tokens` are those that its end is known by; a session may have issued others.
    """

    type: ClassVar[str] = "eco2.auth.token.revoked"

    user_id: str
    session: str
    expires_at: datetime
    reason: Literal["logout", "reuse", "deletion"]
    tokens: tuple[RevokedToken, ...] = ()


class UserDeleted(EventData):
    """Somebody's account is gone; whoever holds anything of theirs deletes it. May come twice."""

    type: ClassVar[str] = "eco2.user.deleted"

    user_id: str
    at: datetime
