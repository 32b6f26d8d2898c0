"""Begins a sign-in with Google, Kakao or Naver and tells address and state, without an envelope."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from functions.auth.answers import ASKED, BEGINNING, AuthorizationAddress
from functions.auth.cookies import LoginCookies
from functions.auth.oauth import OAuth
from functions.auth.settings import ProviderName
from functions.runtime import http_function


@http_function(
    "GET /api/v1/auth/{provider}/authorize",
    public=True,
    rate_limit="60/60",
    answers={200: AuthorizationAddress},
    problems=BEGINNING,
    sent=ASKED,
)
async def authorization(
    request: Request, provider: ProviderName, oauth: OAuth, cookies: LoginCookies
) -> JSONResponse:
    """Where to go to sign in. Raises NotFound or InvalidRedirect."""
    begun = await oauth.begin(provider, request)
    told = {"authorization_url": begun.url, "state": begun.state}
    response = JSONResponse(told, headers={"cache-control": "no-store"})
    cookies.bind(response, begun.browser)
    return response


new = authorization.new
