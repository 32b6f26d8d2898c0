"""Signing in with an identity provider: the authorization code flow (RFC 6749, 4.1) with PKCE (RFC 7636).

Authlib speaks the protocol. Neither state nor code nor tokens are logged, and a failure is told to the browser as one
word: what went wrong helps whoever forges a request only.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Self

from starlette.requests import Request

from functions.auth.cookies import BROWSER, BROWSER_TTL_S, cookie_values
from functions.auth.errors import SignInFailed
from functions.auth.identity_providers import IdentityProvider
from functions.auth.pending import PendingSignIn, PendingSignIns, digest
from functions.auth.person import MAX_TEXT, Person
from functions.auth.redirects import callback_url, frontend
from functions.auth.settings import AuthSettings, OAuthSettings, ProviderName
from functions.runtime.resources import Service
from functions.runtime.text import composed
from process.settings import ProcessSettings

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

MAX_CODE = 2048


@dataclass(frozen=True, slots=True)
class Authorization:
    """Where a person signs in, under which state and until when; `browser` belongs into the browser's cookie."""

    url: str
    state: str
    expires_at: datetime
    browser: str


class OAuth(Service):
    """Sign-ins with identity providers: begun here, finished with what the browser brings back."""

    def __init__(
        self, pending: PendingSignIns, auth: AuthSettings, providers: OAuthSettings, process: ProcessSettings
    ) -> None:
        self._pending, self._auth, self._providers, self._process = pending, auth, providers, process

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """As configured."""
        return cls(
            await resources.get(PendingSignIns),
            resources.settings(AuthSettings),
            resources.settings(OAuthSettings),
            resources.settings(ProcessSettings),
        )

    async def begin(self, name: ProviderName, request: Request) -> Authorization:
        """Send the caller of `request` to the provider. Raises NotFound, InvalidRedirect or Unavailable."""
        from authlib.oauth2.client import OAuth2Client

        provider = IdentityProvider.of(name, self._providers)
        query = request.query_params
        device_id = composed(query.get("device_id", ""), "query", "device_id")[:MAX_TEXT] or None
        asked = query.get("frontend_origin") or request.headers.get("x-frontend-origin")
        back = callback_url(name, self._auth, self._process, request)
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        # One secret a browser, so that sign-ins begun in two tabs don't end each other.
        known = [value for value in cookie_values(request.headers, BROWSER) if 40 <= len(value) <= 64]
        browser = known[0] if known else secrets.token_urlsafe(32)
        pending = PendingSignIn(
            provider=name,
            verifier=verifier,
            redirect_uri=back,
            frontend=frontend(self._auth.frontend_url, self._process, asked),
            device_id=device_id,
            browser=digest(browser),
        )
        client = OAuth2Client(
            None,
            provider.client_id,
            scope=provider.profile.scope or None,
            redirect_uri=back,
            code_challenge_method="S256" if provider.profile.pkce else None,
        )
        url, _ = client.create_authorization_url(provider.authorize_url, state, verifier)
        await self._pending.remember(state, pending)
        return Authorization(url, state, datetime.now(UTC) + timedelta(seconds=BROWSER_TTL_S), browser)

    async def finish(self, name: ProviderName, request: Request) -> tuple[Person, PendingSignIn]:
        """Who came back, and to what sign-in. Raises SignInFailed, which knows the front end where we do."""
        query = request.query_params
        pending = await self._pending.take(query.get("state", ""))
        if pending is None:
            raise SignInFailed("the state is unknown, old or used")
        if pending.provider != name:
            raise SignInFailed("the state is of another provider", pending.frontend)
        if not pending.began_in(cookie_values(request.headers, BROWSER)):
            raise SignInFailed("another browser began", pending.frontend)
        code = query.get("code", "")
        if not 1 <= len(code) <= MAX_CODE:
            raise SignInFailed("the person or the provider refused", pending.frontend)
        try:
            # 0.1 s of imports, which other requests need not wait for.
            client = await asyncio.to_thread(import_module, "functions.auth.oauth_client")
            provider = IdentityProvider.of(name, self._providers)
            return await client.ask(provider, code, query["state"], pending), pending
        except Exception as error:
            raise SignInFailed(type(error).__name__, pending.frontend) from error
