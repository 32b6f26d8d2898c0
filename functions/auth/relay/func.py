"""Publishes events of sign-in that the broker could not take when they were due."""

from __future__ import annotations

from functions.auth.sessions import Sessions
from functions.ops.events import SweepRequested
from functions.runtime import event_function


@event_function(on=SweepRequested, ledger=None, timeout=30, retry=0)
async def relay(_event: SweepRequested, sessions: Sessions) -> None:
    """Relay the outbox of sign-in. Safe to run at any time and in several places at once."""
    await sessions.relay()


new = relay.new
