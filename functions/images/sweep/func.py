"""Removes pictures that nobody needs any more: uploads without use, originals, what was put to expired places."""

from __future__ import annotations

from functions.images.removals import Removals
from functions.ops.events import SweepRequested
from functions.runtime import event_function


@event_function(on=SweepRequested, ledger=None, timeout=30, retry=0)
async def sweep(_event: SweepRequested, removals: Removals) -> None:
    """Sweep once. Safe to run at any time and in several places at once."""
    await removals.sweep()


new = sweep.new
