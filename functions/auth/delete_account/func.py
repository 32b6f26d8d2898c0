"""Deletes the caller's account, everywhere."""

from __future__ import annotations

from starlette.responses import Response

from functions.auth.cookies import LoginCookies
from functions.auth.deletions import Deletions
from functions.runtime import User, http_function


@http_function("DELETE /api/v1/users/me", status=204, rate_limit="10/60", timeout=20, answers={204: None})
async def delete_account(user: User, deletions: Deletions, cookies: LoginCookies) -> Response:
    """Delete the caller's account: its logins end now, everything else goes as each domain hears of it."""
    await deletions.begin(user.id)
    response = Response(status_code=204)
    cookies.log_out(response)
    return response


new = delete_account.new
