"""Addresses that sign-in may return to: the configured front ends, and loopback origins in development."""

from __future__ import annotations

import re

from functions.auth.errors import InvalidRedirect
from process.settings import ProcessSettings

_LOOPBACK = re.compile(r"https?://(localhost|127(\.\d{1,3}){3}|\[::1\]|[a-z0-9-]+\.localhost)(:\d{1,5})?")


def frontend(default: str, process: ProcessSettings, asked: str | None) -> str:
    """The origin to return to, `default` when none is asked for, without trailing slash; empty: our own.

    Raises InvalidRedirect.
    Compared as a whole string with what is configured, so that no parser's view of a URL matters.
    """
    default = default.rstrip("/")
    if not asked:
        return default
    origin = asked.removesuffix("/")
    allowed = {default, *(known.rstrip("/") for known in process.cors_origins)} - {""}
    if origin in allowed or (process.env == "local" and _LOOPBACK.fullmatch(origin)):
        return origin
    raise InvalidRedirect
