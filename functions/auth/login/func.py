"""Begins a sign-in with Google, Kakao or Naver, in the envelope that the web client reads."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from functions.auth.answers import ASKED, BEGINNING, SignInBegun
from functions.auth.cookies import LoginCookies
from functions.auth.oauth import OAuth
from functions.auth.settings import ProviderName
from functions.runtime import http_function


@http_function(
    "GET /api/v1/auth/{provider}",
    "GET /api/v1/auth/{provider}/login",
    public=True,
    rate_limit="60/60",
    answers={200: SignInBegun},
    problems=BEGINNING,
    sent=ASKED,
)
async def login(
    request: Request, provider: ProviderName, oauth: OAuth, cookies: LoginCookies
) -> JSONResponse:
    """Where to go to sign in: `data.authorization_url`. Raises NotFound or InvalidRedirect."""
    begun = await oauth.begin(provider, request)
    told = {
        "provider": provider,
        "state": begun.state,
        "authorization_url": begun.url,
        "expires_at": begun.expires_at.isoformat(timespec="seconds"),
    }
    response = JSONResponse({"success": True, "data": told}, headers={"cache-control": "no-store"})
    cookies.bind(response, begun.browser)
    return response


new = login.new
