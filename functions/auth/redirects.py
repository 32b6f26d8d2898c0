"""Addresses that sign-in may return to: the front ends and callbacks that are configured, loopback in development.

Each is compared as a whole string, so that no parser's view of a URL matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.requests import Request

from functions.auth.errors import InvalidRedirect
from functions.auth.settings import AuthSettings
from functions.runtime.errors import Unavailable
from process.settings import ProcessSettings

_LOOPBACK = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")


def frontend(default: str, process: ProcessSettings, asked: str | None) -> str:
    """The origin to return to, `default` when none is asked for, without trailing slash; empty: our own.

    Raises InvalidRedirect.
    """
    default = default.rstrip("/")
    if not asked:
        return default
    return _known(asked.removesuffix("/"), (default, *process.cors_origins), process)


def callback_url(provider: str, auth: AuthSettings, process: ProcessSettings, request: Request) -> str:
    """Where the provider sends the browser back to: the `redirect_uri` of the request, else the configured one.

    In development that is the origin under which we were called, whose cookies the browser will send. Raises
    InvalidRedirect, or Unavailable where nothing is configured.
    """
    path = f"/api/v1/auth/{provider}/callback"
    asked = request.query_params.get("redirect_uri")
    if asked:
        if not asked.endswith(path):
            raise InvalidRedirect
        return _known(asked.removesuffix(path), auth.api_origins, process) + path
    if auth.api_origins:
        return auth.api_origins[0].rstrip("/") + path
    host = request.headers.get("x-forwarded-host") or request.headers.get("host", "")
    if process.env == "local":
        return _known(f"http://{host}", (), process) + path
    raise Unavailable("Sign-in does not know its own address here.", code="NOT_CONFIGURED")


def _known(origin: str, configured: Iterable[str], process: ProcessSettings) -> str:
    allowed = {known.rstrip("/") for known in configured} - {""}
    if origin in allowed or (process.env == "local" and _LOOPBACK.fullmatch(origin)):
        return origin
    raise InvalidRedirect
