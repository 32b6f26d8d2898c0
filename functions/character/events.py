"""The events of characters."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from eventing.catalogue import EventData


class CharacterGranted(EventData):
    """A user owns a character from now on."""

    type: ClassVar[str] = "eco2.character.granted"

    user_id: str
    code: str
    job_id: UUID
