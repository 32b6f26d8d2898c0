"""Server-sent events of the streams, as models for the documents: event name → its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from eventing.deliveries import Delivery
from functions.scan.outcomes import Result


class StepEvent(BaseModel):
    """A stage has begun, is done, or has failed; `seq` grows strictly within a job, and is the event's `id` too."""

    model_config = ConfigDict(extra="allow")

    job_id: str
    stage: str
    status: Literal["started", "completed", "failed", "cancelled", "waiting", "streaming"]
    seq: int = Field(ge=1)
    ts: str = Field(description="RFC 3339")
    progress: int | None = Field(ge=0, le=100)
    message: str
    result: Any
    trace_id: str | None


class ScanDoneEvent(StepEvent):
    """The scan has its result, the same as GET result gives. The stream ends."""

    result: Result


class TokenEvent(StepEvent):
    """A piece of the answer, to append."""

    content: str
    node: str


class RecoveryEvent(StepEvent):
    """All of the answer so far, in place of the pieces."""

    accumulated: str
    last_seq: int
    completed: bool


class StreamErrorEvent(BaseModel):
    """The job has failed, or the login has ended. The stream ends; only the temporary kinds are worth another try."""

    model_config = ConfigDict(extra="allow")

    type: Literal["error"]
    error: str = Field(description="timeout, connection_reset, temporary: connect again; all else is final")
    message: str
    stage: str


class KeepaliveEvent(BaseModel):
    """Nothing has happened for 15 seconds, and the connection lives."""

    timestamp: str


class DeliveriesEvent(RootModel[list[Delivery]]):
    """What the Broker has delivered since the event before, in order."""


_ENDS: dict[str, type[BaseModel]] = {"error": StreamErrorEvent, "keepalive": KeepaliveEvent}
_CHAT_STEPS = (
    "queued intent vision router waste_rag character location weather bulk_waste recyclable_price collection_point "
    "web_search news image_generation general aggregator summarize answer needs_input done"
)
STREAMS: Mapping[str, Mapping[str, type[BaseModel]]] = {
    "scan": {
        **dict.fromkeys(("queued", "vision", "rule", "answer", "reward"), StepEvent),
        "done": ScanDoneEvent,
        **_ENDS,
    },
    "chat": {
        **dict.fromkeys(_CHAT_STEPS.split(), StepEvent),
        "token": TokenEvent,
        "token_recovery": RecoveryEvent,
        **_ENDS,
    },
    "console": {"deliveries": DeliveriesEvent, **_ENDS},
}
"""Domain → the events of its streams."""
