"""A turn as data: the message to answer, the answer, how it ended, and the event that starts it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from eventing.catalogue import derived_id, to_event
from eventing.cloudevent import CloudEvent
from eventing.progress.events import Progress
from functions.chat import progress
from functions.chat.events import Coordinates, InputReceived, MessageSubmitted
from functions.chat.wording import ended

SOURCE = "/eco2/chat/send"


@dataclass(frozen=True, slots=True)
class Turn:
    """A message to answer: what was said, where, with which model, and what the user gave when asked."""

    job_id: UUID
    chat_id: UUID
    user_id: str
    message: str
    image_url: str | None
    model: str
    location: Coordinates | None
    attempt: int
    input: dict[str, Any] | None
    resumed: bool


@dataclass(frozen=True, slots=True)
class OwnedTurn:
    """A turn of the user who asks: its conversation, and where its trace goes on (`traceparent`)."""

    chat_id: UUID
    trace: dict[str, str]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a turn stands or ended, as its rows say; `seq` is None before the end."""

    status: str
    seq: int | None
    error: str | None
    chat_id: UUID
    asked: UUID
    asked_at: datetime
    answered: UUID | None
    answered_at: datetime | None
    answer: str | None
    intent: str | None
    metadata: dict[str, Any] | None
    trace_id: str | None
    began_at: datetime
    ended_at: datetime | None

    def story(self, job_id: str) -> list[Progress]:
        """What is known of the turn's progress, as it was told: that it was queued, and its end."""
        queued = progress.step(job_id, "queued", "started").numbered(1)
        told = [replace(queued, trace_id=self.trace_id, ts=_time(self.began_at))]
        if self.seq is not None and self.ended_at:
            end = self.told(job_id).numbered(self.seq)
            told.append(replace(end, trace_id=self.trace_id, ts=_time(self.ended_at)))
        return told

    def told(self, job_id: str) -> Progress:
        """The last event of the stream."""
        if self.status != "completed":
            code = self.error or "FAILED"
            return progress.error(job_id, self.status, code, ended(code))
        persistence = {
            "conversation_id": str(self.chat_id),
            "user_message": str(self.asked),
            "assistant_message": str(self.answered),
            "user_message_created_at": self.asked_at.isoformat(),
            "assistant_message_created_at": self.answered_at and self.answered_at.isoformat(),
        }
        return progress.done(
            job_id,
            {
                "intent": self.intent,
                "answer": self.answer,
                "metadata": self.metadata,
                "persistence": persistence,
            },
        )


@dataclass(frozen=True, slots=True)
class AgentReply:
    """The agent's answer to a message; `metadata`: its intents, what was looked up, which models answered."""

    intent: str
    answer: str
    metadata: dict[str, Any] | None = None


def started(job_id: UUID, chat_id: UUID, user_id: str, *, waited: bool) -> CloudEvent:
    """The event that starts a turn, or goes on with one that has waited.

    The same turn always makes the same event, so that emitting it again starts nothing twice.
    """
    kind = InputReceived if waited else MessageSubmitted
    data = kind(job_id=job_id, chat_id=chat_id, user_id=user_id)
    id = derived_id(str(job_id), data.type) if waited else str(job_id)
    return to_event(data, source=SOURCE, subject=str(job_id), id=id, userid=user_id)


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
