"""Times as commands print them: this machine's, with its zone, the same everywhere."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(text: str | float) -> datetime:
    """A time of RFC 3339 or in seconds since 1970, in this machine's zone."""
    found = datetime.fromtimestamp(text, UTC) if isinstance(text, float) else datetime.fromisoformat(text)
    return found.astimezone()


def shown(text: str | float | None) -> str:
    """Day, time and zone; empty for None."""
    return f"{moment(text):%Y-%m-%d %H:%M:%S %Z}" if text is not None else ""


def clock(text: str | float) -> str:
    """Time of day to the millisecond, and zone; with its day where that is not today."""
    at = moment(text)
    day = f"{at:%Y-%m-%d} " if at.date() != datetime.now(at.tzinfo).date() else ""
    return f"{day}{at:%H:%M:%S}.{at.microsecond // 1000:03} {at:%Z}"
