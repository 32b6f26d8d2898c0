"""Ends a scan at which a function kept failing, with an error and at once."""

from __future__ import annotations

from functions.ops.events import EventQuarantined
from functions.runtime import event_function
from functions.scan.jobs import Jobs
from functions.scan.pipeline import STAGES


@event_function(on=EventQuarantined, ledger=None, timeout=15)
async def abandon(event: EventQuarantined, jobs: Jobs) -> None:
    """Fail the job of a stage that was given up; what reached no function is the sweeper's, until the deadline."""
    stage = event.trigger.removeprefix("scan-")
    if event.about != "scan" or not event.subject:
        return
    if stage not in STAGES or await jobs.given_up(event.subject, stage, answered=event.answered):
        await jobs.fail(event.subject, "STAGE_FAILED")


new = abandon.new
