"""GET /api/v1/users/me/characters: what I have collected."""

from __future__ import annotations

from functions.runtime import User, http_function
from functions.users.inventory import Collected, Inventory


@http_function("GET /api/v1/users/me/characters")
async def characters(user: User, inventory: Inventory) -> list[Collected]:
    """A bare array."""
    return await inventory.of(user)


new = characters.new
