"""Parameters of handlers about their caller."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """The caller, as the authorize function told the edge; an `operator` may watch and mend the platform."""

    id: str
    provider: str
    expires_at: float | None = None
    session: str = ""
    operator: bool = False


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """`Idempotency-Key` (or `X-Idempotency-Key`) of the request; `value` is None where there is none."""

    value: str | None
