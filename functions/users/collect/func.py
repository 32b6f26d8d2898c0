"""Puts a granted character into the user's collection."""

from __future__ import annotations

from functions.character.events import CharacterGranted
from functions.runtime import event_function
from functions.users.inventory import Inventory


@event_function(on=CharacterGranted, ledger=None, timeout=15)
async def collect(event: CharacterGranted, inventory: Inventory) -> None:
    """Collect a character. Idempotent by itself: a user owns a character once."""
    await inventory.collect(event)


new = collect.new
