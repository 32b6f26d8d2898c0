"""Deletes the conversations of somebody whose account is gone."""

from __future__ import annotations

from functions.auth.events import UserDeleted
from functions.chat.personal import ChatData
from functions.runtime import event_function


@event_function(on=UserDeleted, ledger=None, timeout=30, retry=8)
async def forget(event: UserDeleted, held: ChatData) -> None:
    """Forget a user. Idempotent by itself: what is gone stays gone."""
    await held.forget(event.user_id)


new = forget.new
