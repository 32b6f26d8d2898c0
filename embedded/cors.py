"""Cross-origin rules of the platform's public port (Fetch standard, CORS protocol).

Exact origins only, credentials allowed, never `*`. On a developer's machine every loopback origin is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

METHODS = b"GET, POST, PATCH, DELETE, PUT, OPTIONS"
REQUEST_HEADERS = (
    b"Content-Type, X-Frontend-Origin, Idempotency-Key, X-Idempotency-Key, Authorization, X-Refresh-Token, "
    b"Last-Event-ID, X-Request-Id"
)
EXPOSED = b"X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Location, ETag"
PREFLIGHT_AGE_S = b"600"
_LOOPBACK = re.compile(rb"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Cors:
    """Which origins may read answers; `loopback` adds every origin of this machine."""

    origins: frozenset[bytes] = frozenset()
    loopback: bool = False

    @classmethod
    def of(cls, origins: Iterable[str], *, loopback: bool = False) -> Cors:
        """From configured origins (`https://host[:port]`); a trailing slash is forgiven, `*` is refused.

        Raises ValueError naming the origin that is none.
        """
        cleaned = [origin.strip().rstrip("/") for origin in origins if origin.strip()]
        for origin in cleaned:
            if not re.fullmatch(r"https?://[^/*\s]+", origin):
                raise ValueError(f"ECO2_CORS_ORIGINS: {origin!r} is no origin; write https://host[:port]")
        return cls(frozenset(origin.encode() for origin in cleaned), loopback)

    def allows(self, origin: bytes) -> bool:
        """Whether pages of `origin` may use the API."""
        return origin in self.origins or (self.loopback and _LOOPBACK.fullmatch(origin) is not None)

    def headers(self, origin: bytes) -> Headers:
        """What every answer carries; an empty `origin` means that the request named none."""
        if not origin or not self.allows(origin):
            return [(b"vary", b"Origin")]
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", EXPOSED),
            (b"vary", b"Origin"),
        ]

    def preflight(self, origin: bytes) -> tuple[int, Headers]:
        """Status and headers of the answer to a preflight."""
        vary = (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
        if not self.allows(origin):
            return 403, [vary]
        return 204, [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", REQUEST_HEADERS),
            (b"access-control-max-age", PREFLIGHT_AGE_S),
            vary,
        ]
