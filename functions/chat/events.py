"""The events of the chat."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from eventing.catalogue import EventData


class Coordinates(BaseModel):
    """A place by WGS 84, degrees."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False)
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False)


class MessageSubmitted(EventData):
    """A user wrote a message that the agent shall answer; the message itself lies in the conversation."""

    type: ClassVar[str] = "eco2.chat.message.submitted"

    job_id: UUID
    chat_id: UUID
    user_id: str


class InputReceived(EventData):
    """A waiting turn goes on: the user gave what it waits for, or the time for that is over."""

    type: ClassVar[str] = "eco2.chat.input.received"

    job_id: UUID
    chat_id: UUID
    user_id: str


class TurnCompleted(EventData):
    """A turn is over and its answer stored."""

    type: ClassVar[str] = "eco2.chat.completed"

    job_id: UUID
    chat_id: UUID
    user_id: str
    intent: str
