"""The login state of a browser: two cookies, `s_access` and `s_refresh`; headers for other clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from functions.auth.settings import AuthSettings
from process.settings import ProcessSettings

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

ACCESS, REFRESH = "s_access", "s_refresh"
_SCHEME = "bearer "


def access_token(headers: Mapping[str, str]) -> str | None:
    """From `Authorization: Bearer`, which a client sets on purpose, or else from the cookie."""
    return _bearer(headers, "authorization") or _cookie(headers, ACCESS)


def refresh_token(headers: Mapping[str, str]) -> str | None:
    """From `X-Refresh-Token: Bearer`, or else from the cookie."""
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
class LoginCookies:
    """Set-Cookie lines (RFC 6265) of both tokens; each cookie lives as long as its token."""

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

    def login(self, access: str, refresh: str) -> tuple[str, str]:
        """The lines that keep both tokens."""
        return self._line(ACCESS, access, self.access_ttl_s), self._line(REFRESH, refresh, self.refresh_ttl_s)

    def logout(self) -> tuple[str, str]:
        """The lines that remove both."""
        return self._line(ACCESS, "", 0), self._line(REFRESH, "", 0)

    def _line(self, name: str, value: str, max_age_s: int) -> str:
        line = f"{name}={value}; Max-Age={max_age_s}; Path=/; HttpOnly; SameSite=Lax"
        if self.domain:
            line += f"; Domain={self.domain}"
        return f"{line}; Secure" if self.secure else line
