"""Where sign-in may return to: the configured front ends, and loopback origins in development."""

from __future__ import annotations

import re

from functions.auth.errors import InvalidRedirect
from functions.runtime.settings import Settings

_LOOPBACK = re.compile(r"https?://(localhost|127(\.\d{1,3}){3}|\[::1\]|[a-z0-9-]+\.localhost)(:\d{1,5})?")


def frontend(settings: Settings, asked: str | None) -> str:
    """The origin to return to, without trailing slash; empty for our own. Raises InvalidRedirect.

    Compared as a whole string with what is configured, so that no parser's view of a URL matters.
    """
    default = settings.frontend_url.rstrip("/")
    if not asked:
        return default
    origin = asked.removesuffix("/")
    allowed = {default, *(known.strip().rstrip("/") for known in settings.cors_origins.split(","))} - {""}
    if origin in allowed or (settings.env == "local" and _LOOPBACK.fullmatch(origin)):
        return origin
    raise InvalidRedirect
