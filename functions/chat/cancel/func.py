"""Ends a turn of the caller now."""

from __future__ import annotations

from uuid import UUID

from functions.chat.turns import Turns
from functions.runtime import User, http_function


@http_function("DELETE /api/v1/chat/{job_id}/run", status=204, problems=("JOB_NOT_FOUND",))
async def cancel(job_id: UUID, user: User, turns: Turns) -> None:
    """Cancel the turn; one that has ended stays as it is."""
    await turns.cancel(user.id, job_id)


new = cancel.new
