"""Lists where the caller is signed in."""

from __future__ import annotations

from functions.auth.logins import Logins, OwnLogin
from functions.runtime import User, http_function


@http_function("GET /api/v1/users/me/sessions")
async def devices(user: User, logins: Logins) -> list[OwnLogin]:
    """The caller's logins, the newest first, as a bare array; `current` is the one that asks."""
    return await logins.own(user)


new = devices.new
