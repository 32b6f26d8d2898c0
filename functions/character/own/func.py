"""Records that a user owns a granted character."""

from __future__ import annotations

from functions.character.events import CharacterGranted
from functions.character.ownerships import Ownership, Ownerships
from functions.runtime import event_function


@event_function(on=CharacterGranted, ledger=None, timeout=15)
async def own(event: CharacterGranted, ownerships: Ownerships) -> None:
    """Record an ownership. Idempotent by itself: one a user and character."""
    await ownerships.record(Ownership(event.user_id, event.code, event.job_id))


new = own.new
