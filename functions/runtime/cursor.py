"""Opaque cursors for keyset pagination by (time, id): every row exactly once, also when times are equal."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from functions.runtime.errors import Invalid


class Cursor(NamedTuple):
    """The last row of a page."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at.isoformat()}|{self.id}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str | None) -> Cursor | None:
        """A cursor from a query parameter. Raises Invalid (INVALID_CURSOR)."""
        if text is None:
            return None
        try:
            decoded = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode("ascii")
            at, _, row = decoded.partition("|")
            cursor = cls(datetime.fromisoformat(at), UUID(row))
            if cursor.at.tzinfo is None:
                raise ValueError("no offset")
        except (ValueError, binascii.Error):
            raise Invalid("INVALID_CURSOR", "Use the next_cursor of the page before, unchanged.") from None
        return cursor
