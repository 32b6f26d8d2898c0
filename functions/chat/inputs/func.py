"""Gives a waiting turn what it waits for, or ends it."""

from __future__ import annotations

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, model_validator

from functions.chat.turns import Turns
from functions.runtime import User, http_function


class TurnInput(BaseModel):
    """What the user gives: a location (`latitude`, `longitude`), a confirmation (`confirmed`), or that it shall end."""

    type: Literal["location", "confirmation", "cancel"]
    data: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _a_position_is_no_boolean(self) -> Self:
        if self.type == "location" and any(isinstance(each, bool) for each in (self.data or {}).values()):
            raise ValueError("a position has numbers, no booleans")
        return self


class InputAccepted(BaseModel):
    """The turn goes on."""

    job_id: UUID
    status: str = "received"


@http_function(
    "POST /api/v1/chat/{job_id}/input", max_body=4_096, problems=("JOB_NOT_FOUND", "NOTHING_NEEDED")
)
async def inputs(job_id: UUID, body: TurnInput, user: User, turns: Turns) -> InputAccepted:
    """Let the caller's turn go on with what was given."""
    if body.type == "cancel":
        await turns.cancel(user.id, job_id)
    else:
        await turns.give(user.id, job_id, {"type": body.type, "data": body.data or {}})
    return InputAccepted(job_id=job_id)


new = inputs.new
