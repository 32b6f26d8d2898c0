"""The way back from an identity provider: a person who is one of ours from now on, or an error for the front end."""

from __future__ import annotations

import asyncio
import logging

from starlette.requests import Request
from starlette.responses import RedirectResponse

from functions.auth.cookies import LoginCookies
from functions.auth.errors import SignInFailed
from functions.auth.oauth import OAuth
from functions.auth.person import Device
from functions.auth.sessions import Sessions
from functions.auth.settings import AuthSettings, ProviderName
from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
ARRIVAL_S = 16.0
"""Two calls to the provider with 4 s each, and our own servers. Within the function's time, so that it can tell."""
_UNCACHED = {"cache-control": "no-store"}


async def arrive(request: Request, provider: ProviderName, resources: Resources) -> RedirectResponse:
    """Sign the person in and go home; whatever goes wrong, go to the login page without cookies."""
    frontend = resources.settings(AuthSettings).frontend_url.rstrip("/")
    try:
        async with asyncio.timeout(ARRIVAL_S):
            return await _home(request, provider, resources)
    except SignInFailed as failed:
        log.warning("sign-in with %s failed: %s", provider, failed)
        frontend = frontend if failed.frontend is None else failed.frontend
    except Exception as error:
        # By name alone: a client's error may quote an address with the code in it.
        log.error("sign-in with %s failed: %s", provider, type(error).__name__)  # noqa: TRY400
    return RedirectResponse(f"{frontend}/#/login?error=oauth_failed", 307, _UNCACHED)


async def _home(request: Request, provider: ProviderName, resources: Resources) -> RedirectResponse:
    oauth, cookies = await resources.get(OAuth), await resources.get(LoginCookies)
    person, pending = await oauth.finish(provider, request)
    try:
        sessions = await resources.get(Sessions)
        pair = await sessions.sign_in(person, Device.of(request, pending.device_id))
    except Exception as error:
        raise SignInFailed(type(error).__name__, pending.frontend) from error
    response = RedirectResponse(f"{pending.frontend}/#/home", 302, _UNCACHED)
    cookies.log_in(response, pair.access, pair.refresh)
    return response
