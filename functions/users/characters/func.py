"""Lists the characters that the caller has collected."""

from __future__ import annotations

from functions.runtime import User, http_function
from functions.users.inventory import Collected, Inventory


@http_function("GET /api/v1/users/me/characters")
async def characters(user: User, inventory: Inventory) -> list[Collected]:
    """The caller's characters, in the order of collecting, as a bare array."""
    return await inventory.of(user)


new = characters.new
