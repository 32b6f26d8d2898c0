"""Publishes announcements of dead letters that the broker could not take when they were due."""

from __future__ import annotations

from functions.ops.events import SweepRequested
from functions.ops.outgoing import OpsOutgoing
from functions.runtime import event_function


@event_function(on=SweepRequested, ledger=None, timeout=30, retry=0)
async def relay(_event: SweepRequested, outgoing: OpsOutgoing) -> None:
    """Relay the outbox of operations. Safe to run at any time and in several places at once."""
    await outgoing.relay()


new = relay.new
