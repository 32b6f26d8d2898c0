"""Characters that users have won by scanning: exactly once per user and character. Table `scan.grants`.

A grant and the event that tells of it are one statement: whatever becomes of the scan, what was granted arrives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from uuid import UUID

from eventing.catalogue import derived_id, to_event
from eventing.cloudevent import CloudEvent
from eventing.outbox import Outbox
from eventing.tracing import traced
from functions.character.catalogue import DEFAULT
from functions.character.events import CharacterGranted
from functions.runtime.resources import Service
from functions.scan.events import Answered, Reward
from functions.scan.outgoing import ScanOutgoing
from functions.scan.rewards import earned, match_reason
from functions.scan.settings import ScanSettings

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

SOURCE = "/eco2/scan/reward"


@dataclass(frozen=True, slots=True)
class Grants(Service):
    """Grants of characters: stored once, each known as new or old to its user."""

    database: Database
    outgoing: ScanOutgoing
    enabled: bool

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Grants in the database."""
        return cls(
            await resources.database(),
            await resources.get(ScanOutgoing),
            resources.settings(ScanSettings).rewards,
        )

    async def reward(self, event: Answered) -> Reward | None:
        """The character this scan earns, or None. Granting again for the same job says the same."""
        classification = event.vision.classification
        character = earned(classification, event.match, event.answer.insufficiencies, self.enabled)
        if character is None:
            return None
        received = False
        if character is not DEFAULT:  # which everybody owns from the first day
            received = await self._grant(event, character.code)
        return Reward(
            name=character.name,
            code=character.code,
            type=character.type,
            dialog=character.dialog,
            match_reason=match_reason(classification, character),
            received=received,
            already_owned=not received,
        )

    async def _grant(self, event: Answered, code: str) -> bool:
        """Whether this job is the one that won it; a job that is over wins nothing any more."""
        told = granted(event, code)
        row = await self.database.one(
            _GRANT,
            {"user": event.user_id, "code": code, "job": event.job_id, **Outbox.row(UUID(told.id), told)},
        )
        new, ours = row or (False, False)
        if new:
            await self.outgoing.send(told)
        return bool(ours)


def granted(event: Answered, code: str) -> CloudEvent:
    """The event of a grant; its id follows from job and character, so that it is one event however it leaves."""
    data = CharacterGranted(user_id=event.user_id, code=code, job_id=event.job_id)
    id = derived_id(str(event.job_id), f"{SOURCE}/{code}")
    return traced(to_event(data, source=SOURCE, subject=str(event.job_id), id=id, userid=event.user_id))


_GRANT = """
WITH granted AS (
    INSERT INTO scan.grants (user_id, character, job_id)
    SELECT %(user)s, %(code)s, id FROM scan.jobs WHERE id = %(job)s AND status = 'active'
    ON CONFLICT (user_id, character) DO NOTHING RETURNING job_id
), event AS (
    INSERT INTO scan.outbox (id, event) SELECT %(outbox_id)s, %(outbox_event)s FROM granted
)
SELECT EXISTS (SELECT FROM granted),
       coalesce((SELECT job_id FROM granted),
                (SELECT job_id FROM scan.grants WHERE (user_id, character) = (%(user)s, %(code)s))) = %(job)s
"""
