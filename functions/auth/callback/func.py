"""Ends a sign-in: the browser comes back from Google, Kakao or Naver and goes on to the front end, signed in or not."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse

from functions.auth.answers import BROUGHT
from functions.auth.arrival import arrive
from functions.auth.settings import ProviderName
from functions.runtime import Resources, http_function


@http_function(
    "GET /api/v1/auth/{provider}/callback",
    public=True,
    rate_limit="60/60",
    timeout=20,
    answers={302: None, 307: None},
    sent=BROUGHT,
)
async def callback(request: Request, provider: ProviderName, resources: Resources) -> RedirectResponse:
    """302 to `/#/home` with both cookies; whatever goes wrong, 307 to `/#/login?error=oauth_failed` without any."""
    return await arrive(request, provider, resources)


new = callback.new
