"""Removes what is kept for a time only: rows of every domain that are older than it declares."""

from __future__ import annotations

from functions.ops.events import ExpiryRequested
from functions.ops.expiry import Expiry
from functions.runtime import event_function


@event_function(on=ExpiryRequested, ledger=None, timeout=60, retry=0)
async def expire(_event: ExpiryRequested, expiry: Expiry) -> None:
    """Remove once. Safe to run at any time and in several places at once."""
    await expiry.expire()


new = expire.new
