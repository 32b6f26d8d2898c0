"""Sends dead letters that are due again."""

from __future__ import annotations

from functions.ops.dead_letters import DeadLetters
from functions.ops.events import RedriveRequested
from functions.runtime import Resources, event_function, telemetry


@event_function(on=RedriveRequested, ledger=None, timeout=60, retry=0)
async def redrive(_event: RedriveRequested, letters: DeadLetters, resources: Resources) -> None:
    """Send what is due: each has its own backoff and a limit of attempts. Safe at any time."""
    await letters.redrive_due(resources.publisher().publish)
    for state, count in (await letters.counts()).items():
        telemetry.metrics().dead_letters.labels(state).set(count)


new = redrive.new
