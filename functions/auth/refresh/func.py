"""POST /api/v1/auth/refresh: new tokens for the refresh token, which works once."""

from __future__ import annotations

from functions.auth.cookies import LoginCookies, refresh_token
from functions.auth.errors import TokenMissing
from functions.auth.sessions import Sessions
from functions.runtime import Reply, Request, http_function


@http_function("POST /api/v1/auth/refresh", status=201, public=True, rate_limit="30/60")
async def refresh(request: Request, sessions: Sessions, cookies: LoginCookies) -> Reply:
    """201 `null` with both cookies. Raises TokenRefused (401)."""
    text = refresh_token(request.headers)
    if text is None:
        raise TokenMissing
    pair = await sessions.renew(text)
    headers = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"}
    return Reply(201, b"null", headers, cookies.login(pair.access, pair.refresh))


new = refresh.new
