"""Writes the checkpoints of conversations that have changed to PostgreSQL."""

from __future__ import annotations

from functions.chat.checkpoint_sync import CheckpointSync
from functions.ops.events import SweepRequested
from functions.runtime import event_function


@event_function(on=SweepRequested, ledger=None, timeout=30, retry=0)
async def sync(_event: SweepRequested, checkpoints: CheckpointSync) -> None:
    """Sync in batches until nothing is left, within a bound. Safe to run in several places at once."""
    await checkpoints.run()


new = sync.new
