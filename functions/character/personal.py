"""What the catalogue of characters holds of users."""

from __future__ import annotations

from functions.runtime.personal import PersonalData, PersonalTable


class CharacterData(PersonalData):
    """Which characters belong to whom."""

    tables = (
        PersonalTable("characters.ownerships", "owned_characters", "character_code, job_id, granted_at"),
    )
