"""Tokens on their way to and from a client: two cookies in a browser, `s_access` and `s_refresh`, else headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from starlette.responses import Response

from functions.auth.settings import AuthSettings
from functions.runtime.resources import Service
from process.settings import ProcessSettings

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

ACCESS, REFRESH = "s_access", "s_refresh"
_SCHEME = "bearer "


def access_token(headers: Mapping[str, str]) -> str | None:
    """The access token: from `Authorization: Bearer`, which a client sets on purpose, or else from the cookie."""
    return _bearer(headers, "authorization") or _cookie(headers, ACCESS)


def refresh_token(headers: Mapping[str, str]) -> str | None:
    """The refresh token: from `X-Refresh-Token: Bearer`, or else from the cookie."""
    return _bearer(headers, "x-refresh-token") or _cookie(headers, REFRESH)


def _bearer(headers: Mapping[str, str], name: str) -> str | None:
    value = headers.get(name, "")
    if value[: len(_SCHEME)].lower() != _SCHEME:
        return None
    return value[len(_SCHEME) :].strip() or None


def _cookie(headers: Mapping[str, str], wanted: str) -> str | None:
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == wanted and value:
            return value
    return None


@dataclass(frozen=True, slots=True)
class LoginCookies(Service):
    """The cookies of both tokens; each lives as long as its token."""

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

    def _set(self, response: Response, name: str, value: str, max_age_s: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=max_age_s,
            domain=self.domain or None,
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )
