"""Routes progress that a router which died has left behind."""

from __future__ import annotations

from functions.ops.events import SweepRequested
from functions.runtime import event_function
from functions.stream.relay import ProgressReclaimer


@event_function(on=SweepRequested, ledger=None, timeout=30, retry=0)
async def reclaim(_event: SweepRequested, reclaimer: ProgressReclaimer) -> None:
    """Reclaim once. Safe at any time."""
    await reclaimer.reclaim()


new = reclaim.new
