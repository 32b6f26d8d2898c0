"""What a verified token says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["access", "refresh"]
LEEWAY_S = 5
"""How far clocks may differ (RFC 8725 leaves it to us)."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a token. `session` is the login it belongs to (its token family); times are epoch seconds."""

    id: str
    kind: Kind
    user_id: str
    provider: str
    session: str
    issued_at: int
    expires_at: int
