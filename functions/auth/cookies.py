"""Tokens on their way to and from a client: two cookies in a browser, `s_access` and `s_refresh`, else headers.

A browser may hold several cookies of one name, such as an older one for the host and a newer one for its domain; it
sends them all, so each value is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from starlette.datastructures import Headers
from starlette.responses import Response

from functions.auth.settings import AuthSettings
from functions.runtime.resources import Service
from process.settings import ProcessSettings

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

ACCESS, REFRESH, BROWSER = "s_access", "s_refresh", "s_oauth"
BROWSER_TTL_S = 600
SIGN_IN_PATH = "/api/v1/auth"
MOST_VALUES = 8
_SCHEME = "bearer "


def access_tokens(headers: Headers) -> list[str]:
    """The access tokens: that of `Authorization: Bearer`, which a client sets on purpose, or else the cookies'."""
    return _bearer(headers, "authorization") or cookie_values(headers, ACCESS)


def refresh_tokens(headers: Headers) -> list[str]:
    """The refresh tokens: that of `X-Refresh-Token: Bearer`, or else the cookies'."""
    return _bearer(headers, "x-refresh-token") or cookie_values(headers, REFRESH)


def cookie_values(headers: Headers, wanted: str) -> list[str]:
    """The different values of all cookies of a name, in all Cookie lines; the first MOST_VALUES of them."""
    found: dict[str, None] = {}
    for line in headers.getlist("cookie"):
        # Envoy's check joins Cookie lines by commas, which no value of ours has.
        for part in re.split("[;,]", line):
            name, _, value = part.strip().partition("=")
            if name == wanted and value:
                found[value] = None
    return list(found)[:MOST_VALUES]


def _bearer(headers: Headers, name: str) -> list[str]:
    value = headers.get(name, "")
    token = value[len(_SCHEME) :].strip() if value[: len(_SCHEME)].lower() == _SCHEME else ""
    return [token] if token else []


@dataclass(frozen=True, slots=True)
class LoginCookies(Service):
    """The cookies of both tokens, each living as long as its token, and of a browser that is signing in."""

    access_ttl_s: int
    refresh_ttl_s: int
    domain: str
    secure: bool

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """As configured; without `Secure` on a developer's machine, which has no TLS."""
        auth = resources.settings(AuthSettings)
        secure = resources.settings(ProcessSettings).env != "local"
        return cls(auth.access_ttl_s, auth.refresh_ttl_s, auth.cookie_domain, secure)

    def log_in(self, response: Response, access: str, refresh: str) -> None:
        """Keep both tokens."""
        self._set(response, ACCESS, access, self.access_ttl_s)
        self._set(response, REFRESH, refresh, self.refresh_ttl_s)

    def log_out(self, response: Response) -> None:
        """Remove both."""
        self._set(response, ACCESS, "", 0)
        self._set(response, REFRESH, "", 0)

    def bind(self, response: Response, browser: str) -> None:
        """Keep what shows later that the browser which comes back is the one that left."""
        self._set(response, BROWSER, browser, BROWSER_TTL_S, SIGN_IN_PATH)

    def _set(self, response: Response, name: str, value: str, max_age_s: int, path: str = "/") -> None:
        response.set_cookie(
            name,
            value,
            max_age=max_age_s,
            path=path,
            domain=self.domain or None,
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )
