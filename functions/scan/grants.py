"""Characters that users have won by scanning: exactly once per user and character. Table `scan.grants`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from functions.character.catalogue import DEFAULT
from functions.runtime.resources import Service
from functions.scan.events import Answered, Reward
from functions.scan.rewards import earned, match_reason
from functions.scan.settings import ScanSettings

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources


@dataclass(frozen=True, slots=True)
class Grants(Service):
    """Grants of characters: stored once, each known as new or old to its user."""

    database: Database
    enabled: bool

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Grants in the database."""
        return cls(await resources.database(), resources.settings(ScanSettings).rewards)

    async def reward(self, event: Answered) -> Reward | None:
        """The character this scan earns, or None. Granting again for the same job says the same."""
        classification = event.vision.classification
        character = earned(classification, event.match, event.answer.insufficiencies, self.enabled)
        if character is None:
            return None
        received = False
        if character is not DEFAULT:  # which everybody owns from the first day
            granted = {"user": event.user_id, "code": character.code, "job": event.job_id}
            row = await self.database.one(_GRANT, granted)
            received = bool(row and row[0])
        return Reward(
            name=character.name,
            code=character.code,
            type=character.type,
            dialog=character.dialog,
            match_reason=match_reason(classification, character),
            received=received,
            already_owned=not received,
        )


_GRANT = """
WITH granted AS (
    INSERT INTO scan.grants (user_id, character, job_id) VALUES (%(user)s, %(code)s, %(job)s)
    ON CONFLICT (user_id, character) DO NOTHING RETURNING job_id
)
SELECT coalesce((SELECT job_id FROM granted),
                (SELECT job_id FROM scan.grants WHERE (user_id, character) = (%(user)s, %(code)s))) = %(job)s
"""
