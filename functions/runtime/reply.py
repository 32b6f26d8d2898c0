"""What leaves a function: a finished reply, or a stream of server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, body, headers (lower-case names) and Set-Cookie lines."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """A JSON reply of anything pydantic can serialise."""
        return cls(status, to_json(value), {"content-type": JSON, **(headers or {})})


@dataclass(frozen=True, slots=True)
class EventStream:
    """Encoded server-sent events; sent as they come and closed when the iterator ends."""

    frames: AsyncIterator[bytes]
