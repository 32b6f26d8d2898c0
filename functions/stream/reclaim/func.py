"""eco2.ops.sweep.requested → progress that a dead router left unrouted goes on its way."""

from __future__ import annotations

from functions.ops.events import SweepRequested
from functions.runtime import event_function
from functions.stream.relay import ProgressReclaimer


@event_function(on=SweepRequested, ledger=None, timeout=30, retry=0)
async def reclaim(_event: SweepRequested, reclaimer: ProgressReclaimer) -> None:
    """One round; safe at any time."""
    await reclaimer.reclaim()


new = reclaim.new
