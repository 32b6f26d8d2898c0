"""The login state of a browser: two cookies, `s_access` and `s_refresh`; headers for other clients."""

from __future__ import annotations

from collections.abc import Mapping

from functions.runtime.settings import Settings

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


def login(settings: Settings, access: str, refresh: str) -> tuple[str, str]:
    """Set-Cookie lines (RFC 6265) that live as long as their tokens."""
    return (
        _set(settings, ACCESS, access, settings.access_ttl_s),
        _set(settings, REFRESH, refresh, settings.refresh_ttl_s),
    )


def logout(settings: Settings) -> tuple[str, str]:
    """Set-Cookie lines that remove both."""
    return _set(settings, ACCESS, "", 0), _set(settings, REFRESH, "", 0)


def _set(settings: Settings, name: str, value: str, max_age_s: int) -> str:
    line = f"{name}={value}; Max-Age={max_age_s}; Path=/; HttpOnly; SameSite=Lax"
    if settings.cookie_domain:
        line += f"; Domain={settings.cookie_domain}"
    return line if settings.env == "local" else f"{line}; Secure"
