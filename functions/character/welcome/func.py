"""eco2.user.registered → a new user owns the default character."""

from __future__ import annotations

from functions.auth.events import UserRegistered
from functions.character.catalogue import DEFAULT
from functions.character.ownerships import Ownership, Ownerships
from functions.runtime import event_function


@event_function(on=UserRegistered, ledger=None, timeout=15)
async def welcome(event: UserRegistered, ownerships: Ownerships) -> None:
    """Idempotent by itself: one ownership a user and character."""
    await ownerships.record(Ownership(event.user_id, DEFAULT.code))


new = welcome.new
