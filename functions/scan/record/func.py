"""Stores the result of a completed scan and tells the user."""

from __future__ import annotations

from functions.images.events import PictureExpected
from functions.runtime import event_function
from functions.scan.events import Completed
from functions.scan.jobs import Jobs


@event_function(on=Completed, wakes_on=PictureExpected, ledger=None, timeout=15)
async def record(event: Completed, jobs: Jobs) -> None:
    """Complete the job. Idempotent by itself: a job ends once."""
    await jobs.complete(event)


new = record.new
