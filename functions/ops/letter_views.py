"""Dead letters as operators see them: where each failed and why, without what nobody shall read."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from eventing.cloudevent import CloudEvent
from eventing.deliveries import mask
from functions.ops.dead_letters import DeadLetter

MOST_DATA = 65_536


class LetterRow(BaseModel):
    """A dead letter without its event; `reason` is the beginning of what the function answered."""

    id: int
    type: str
    subject: str | None
    event_id: str
    trigger: str
    code: int | None
    reason: str
    state: str
    redrives: int
    due_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime

    @classmethod
    def of(cls, letter: DeadLetter) -> Self:
        """The row of that letter."""
        return cls(
            id=letter.id,
            type=letter.type,
            subject=letter.subject,
            event_id=letter.event_id,
            trigger=letter.trigger,
            code=letter.error_code,
            reason=mask(letter.reason),
            state=letter.state,
            redrives=letter.redrives,
            due_at=letter.due_at,
            first_seen_at=letter.first_seen_at,
            last_seen_at=letter.last_seen_at,
        )


class LetterDetail(LetterRow):
    """A dead letter with its event: the attributes, and the data as text."""

    attributes: dict[str, str]
    data: str

    @classmethod
    def with_event(cls, letter: DeadLetter, event: CloudEvent) -> Self:
        """The letter and its event."""
        row = LetterRow.of(letter).model_dump()
        data = mask(event.data[:MOST_DATA].decode("utf-8", "replace"))
        return cls(**row, attributes=dict(event.attributes()), data=data)
