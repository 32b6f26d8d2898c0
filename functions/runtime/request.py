"""A request as handlers and adapters see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Request:
    """Method, path, query string, headers (lower-case names) and the whole body."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes
    client: str = ""

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; the last one of a name wins."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def request_id(self) -> str:
        """The id the edge gave this request."""
        return self.headers.get("x-request-id", "")


@dataclass(frozen=True, slots=True)
class User:
    """Who is calling, as the authorize function told the edge."""

    id: str
    provider: str
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """`Idempotency-Key` (or `X-Idempotency-Key`) of the request; `value` is None where there is none."""

    value: str | None
