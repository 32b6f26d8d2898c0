"""Ends a scan whose event could not be delivered, with an error and at once."""

from __future__ import annotations

from functions.ops.events import EventQuarantined
from functions.runtime import event_function
from functions.scan.jobs import Jobs
from functions.scan.pipeline import STAGES


@event_function(on=EventQuarantined, ledger=None, timeout=15)
async def abandon(event: EventQuarantined, jobs: Jobs) -> None:
    """Fail the job, unless somebody still works on it: a duplicate that was tried too often is no failure."""
    stage = event.trigger.removeprefix("scan-")
    if event.about != "scan" or not event.subject:
        return
    if stage not in STAGES or not await jobs.in_living_hands(event.subject, stage):
        await jobs.fail(event.subject, "STAGE_FAILED")


new = abandon.new
