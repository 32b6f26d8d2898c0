"""Pictures of the characters, drawn for this project: as SVG for people, as PNG for models that draw them again.

`data/<code>.svg` is drawn by hand. `data/<code>.png` is the same as Chromium shows it, written by
`python -m tests.browser.characters`; a test holds that both show the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from functions.character.catalogue import CHARACTERS, Character
from functions.character.settings import CharacterSettings
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class CharacterDrawing:
    """A drawing as it is served."""

    svg: bytes
    tag: str


class CharacterPictures(Service):
    """Where the pictures are; no address where pictures have no public place."""

    def __init__(self, cdn_url: str) -> None:
        self._cdn_url = cdn_url.rstrip("/")

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Below the configured address."""
        return cls(resources.settings(CharacterSettings).cdn_url)

    def url(self, character: Character) -> str | None:
        """The address of a character's drawing, which the function `character-picture` serves."""
        return f"{self._cdn_url}/character/{character.code}.svg" if self._cdn_url else None


@cache
def drawings() -> dict[str, CharacterDrawing]:
    """The drawings by the name of their file."""
    found = {}
    for one in CHARACTERS:
        svg = (FOLDER / f"{one.code}.svg").read_bytes()
        tag = f'"{hashlib.sha256(svg).hexdigest()[:20]}"'
        found[f"{one.code}.svg"] = CharacterDrawing(svg, tag)
    return found


def reference(character: Character) -> bytes:
    """The drawing as a PNG of 512 pixels, for a model that shall draw the character."""
    return (FOLDER / f"{character.code}.png").read_bytes()
