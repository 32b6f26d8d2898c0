"""Heals the chat: turns that got stuck go on, those past their deadline end, unsent events leave."""

from __future__ import annotations

from functions.chat.sweeper import ChatSweeper
from functions.ops.events import SweepRequested
from functions.runtime import event_function


@event_function(on=SweepRequested, ledger=None, timeout=30, retry=0)
async def sweep(_event: SweepRequested, sweeper: ChatSweeper) -> None:
    """Sweep once. Safe to run at any time and in several places at once."""
    await sweeper.sweep()


new = sweep.new
