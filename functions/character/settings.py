"""Settings of the characters: where their pictures are shown."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import setting


@dataclass(frozen=True, slots=True)
class CharacterSettings:
    """The public address below which all pictures are."""

    cdn_url: str = setting("", "public prefix of the pictures' public copies")
