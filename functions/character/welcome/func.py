"""Gives a new user the default character."""

from __future__ import annotations

from functions.auth.events import UserRegistered
from functions.character.catalogue import DEFAULT
from functions.character.ownerships import Ownership, Ownerships
from functions.runtime import event_function


@event_function(on=UserRegistered, ledger=None, timeout=15)
async def welcome(event: UserRegistered, ownerships: Ownerships) -> None:
    """Record the first ownership. Idempotent by itself: one a user and character."""
    await ownerships.record(Ownership(event.user_id, DEFAULT.code))


new = welcome.new
