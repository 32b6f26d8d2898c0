"""Lists every character there is."""

from __future__ import annotations

from pydantic import BaseModel

from functions.character.catalogue import CHARACTERS, DEFAULT
from functions.character.pictures import CharacterPictures
from functions.runtime import User, http_function


class CatalogueEntry(BaseModel):
    """A character; `match` is the middle category that earns it, None for the default one."""

    name: str
    type: str
    dialog: str
    match: str | None
    code: str
    image_url: str | None


@http_function("GET /api/v1/character/catalog")
async def catalog(user: User, pictures: CharacterPictures) -> list[CatalogueEntry]:  # noqa: ARG001 - asking for the user is what demands a login
    """Every character, as a bare array."""
    return [
        CatalogueEntry(
            name=character.name,
            type=character.type,
            dialog=character.dialog,
            match=None if character is DEFAULT else character.match,
            code=character.code,
            image_url=pictures.url(character),
        )
        for character in CHARACTERS
    ]


new = catalog.new
