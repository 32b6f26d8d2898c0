"""Says whether the caller has collected one character."""

from __future__ import annotations

from pydantic import BaseModel

from functions.runtime import User, http_function
from functions.users.inventory import Inventory


class CharacterOwned(BaseModel):
    """Whether the caller owns the character of that name; nobody owns one that does not exist."""

    character_name: str
    owned: bool


@http_function("GET /api/v1/users/me/characters/{name}/ownership")
async def ownership(name: str, user: User, inventory: Inventory) -> CharacterOwned:
    """Whether the caller owns the character of exactly this name."""
    owned = any(character.name == name for character in await inventory.of(user))
    return CharacterOwned(character_name=name, owned=owned)


new = ownership.new
