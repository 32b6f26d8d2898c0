"""Ends one of the caller's logins, such as that of a device which was lost."""

from __future__ import annotations

from uuid import UUID

from functions.auth.endings import Endings
from functions.auth.logins import Logins
from functions.runtime import User, http_function


@http_function(
    "DELETE /api/v1/users/me/sessions/{session_id}",
    status=204,
    rate_limit="60/60",
    problems=("SESSION_NOT_FOUND", "SIGN_IN_AGAIN"),
)
async def end_login(session_id: UUID, user: User, logins: Logins, endings: Endings) -> None:
    """End it everywhere within two seconds; another device's only for who has just signed in."""
    await logins.may_end(user, session_id)
    await endings.end(str(session_id), user.id, "logout")


new = end_login.new
