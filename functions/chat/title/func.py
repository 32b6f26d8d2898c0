"""Gives a conversation without a title one, after its first answer."""

from __future__ import annotations

from functions.chat.conversations import Conversations
from functions.chat.events import TurnCompleted
from functions.runtime import event_function


@event_function(on=TurnCompleted, ledger=None, timeout=15)
async def title(event: TurnCompleted, conversations: Conversations) -> None:
    """Name it after what was asked first. Idempotent by itself: a title that is there stays."""
    await conversations.entitle(event.chat_id)


new = title.new
