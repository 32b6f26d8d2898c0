"""Publishes events of sign-in that the broker could not take when they were due, and those that come again."""

from __future__ import annotations

from functions.auth.deletions import Deletions
from functions.auth.endings import Endings
from functions.auth.outgoing import AuthOutgoing
from functions.ops.events import SweepRequested
from functions.runtime import event_function


@event_function(on=SweepRequested, ledger=None, timeout=30, retry=0)
async def relay(
    _event: SweepRequested, outgoing: AuthOutgoing, endings: Endings, deletions: Deletions
) -> None:
    """Relay the outbox of sign-in, and tell again of deletions. Safe at any time and in several places at once."""
    await deletions.repeat()
    await endings.forget()
    await outgoing.relay()


new = relay.new
