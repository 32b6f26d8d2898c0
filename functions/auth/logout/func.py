"""Ends a login, whatever is left of it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from functions.auth.answers import LoggedOut
from functions.auth.cookies import LoginCookies, access_tokens, refresh_tokens
from functions.auth.endings import Endings
from functions.auth.tokens import Tokens
from functions.runtime import http_function


@http_function("POST /api/v1/auth/logout", public=True, rate_limit="60/60", answers={200: LoggedOut})
async def logout(request: Request, tokens: Tokens, endings: Endings, cookies: LoginCookies) -> JSONResponse:
    """End the login; 200 also without tokens or with bad ones, since a client that gets 401 calls again for ever."""
    named = tokens.good(refresh_tokens(request.headers), "refresh")
    named += tokens.good(access_tokens(request.headers), "access")
    await endings.end_named(named, "logout")
    response = JSONResponse({"success": True, "data": {"message": "로그아웃했어요."}})
    cookies.log_out(response)
    return response


new = logout.new
