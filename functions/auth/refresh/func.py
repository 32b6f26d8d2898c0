"""Exchanges a refresh token, which works once, for new tokens."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from functions.auth.answers import REFUSED, RENEWING
from functions.auth.cookies import LoginCookies, refresh_tokens
from functions.auth.sessions import Sessions
from functions.runtime import http_function


@http_function(
    "POST /api/v1/auth/refresh",
    status=201,
    public=True,
    rate_limit="30/60",
    answers={201: type(None)},
    problems=REFUSED,
    sent=RENEWING,
)
async def refresh(request: Request, sessions: Sessions, cookies: LoginCookies) -> JSONResponse:
    """Renew the login: 201 `null` with both cookies. Raises TokenRefused (401)."""
    pair = await sessions.renew(refresh_tokens(request.headers))
    response = JSONResponse(None, 201, {"cache-control": "no-store"})
    cookies.log_in(response, pair.access, pair.refresh)
    return response


new = refresh.new
