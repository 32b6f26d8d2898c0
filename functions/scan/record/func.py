"""Stores the result of a completed scan, tells the user, and announces a new character."""

from __future__ import annotations

from functions.character.events import CharacterGranted
from functions.runtime import event_function
from functions.scan.events import Completed
from functions.scan.jobs import Jobs


@event_function(on=Completed, emits=CharacterGranted, ledger=None, timeout=15)
async def record(event: Completed, jobs: Jobs) -> CharacterGranted | None:
    """Complete the job. Idempotent by itself: a job ends once, and the same completion announces the same event."""
    await jobs.complete(event)
    if event.reward and event.reward.received:
        return CharacterGranted(user_id=event.user_id, code=event.reward.code, job_id=event.job_id)
    return None


new = record.new
