"""Events of sign-in, for the other domains."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

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
