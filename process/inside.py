"""The secret that parts of the platform show each other, so that nobody else calls what trusts its callers.

Functions believe the name of a caller that the edge gives them, and brokers every event. So both serve only who shows
the secret that they were started with, as a field of the edge and of brokers, or as the password of an address
(`http://inside:SECRET@host`), which is how senders of events know it. Where none is set nobody is asked: a function
that gets its events from Knative can't be shown one, and network policies stand before it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from hmac import compare_digest
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from process.settings import ProcessSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

FIELD = "x-eco2-inside"
USER = "inside"
_FIELD = FIELD.encode()
_OPEN = frozenset({"/health/live", "/health/ready", "/metrics"})


class Inside:
    """The check of a process's requests; what it compares is made once."""

    __slots__ = ("_field", "_password")

    def __init__(self, settings: ProcessSettings) -> None:
        secret = settings.inside_secret.get_secret_value()
        self._field = secret.encode()
        self._password = basic(USER, secret).encode()

    def admits(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether a request may come in: it shows the secret, or asks how the process does."""
        if not self._field or path in _OPEN:
            return True
        for name, value in headers:
            if name == _FIELD:
                return compare_digest(value, self._field)
            if name == b"authorization" and compare_digest(value, self._password):
                return True
        return False


class InsideOnly:
    """An ASGI application behind the check."""

    def __init__(self, app: ASGIApp, inside: Inside) -> None:
        self._app, self._inside = app, inside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: 403 without a word about what was expected."""
        if scope["type"] != "http" or self._inside.admits(scope["path"], scope["headers"]):
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


def shown(settings: ProcessSettings) -> dict[str, str]:
    """The field to send along to parts of the platform; empty where no secret is set."""
    secret = settings.inside_secret.get_secret_value()
    return {FIELD: secret} if secret else {}


def address(url: str, secret: str) -> str:
    """`url` with the secret as its password; as it is without one."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{USER}:{secret}@{rest}" if secret else url


def split(url: str) -> tuple[str, dict[str, str]]:
    """An address that may be told, and the header of the user and password that it had."""
    parts = urlsplit(url)
    if parts.username is None:
        return url, {}
    told = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return told, {"authorization": basic(parts.username, parts.password or "")}


def basic(user: str, password: str) -> str:
    """Credentials by RFC 7617."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
