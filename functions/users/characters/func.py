"""GET /api/v1/users/me/characters: what I have collected."""

from __future__ import annotations

from functions.runtime import User, http_function
from functions.users.accounts import Accounts
from functions.users.inventory import Collected, Inventory


@http_function("GET /api/v1/users/me/characters")
async def characters(user: User, inventory: Inventory, accounts: Accounts) -> list[Collected]:
    """A bare array. A new user owns the default character, also before the event of the first login has come."""
    owned = await inventory.of(user.id)
    if not owned:
        await accounts.ensure(user)
        owned = await inventory.of(user.id)
    return owned


new = characters.new
