"""Deletes the account of somebody who is gone, with the characters collected."""

from __future__ import annotations

from functions.auth.events import UserDeleted
from functions.runtime import event_function
from functions.users.personal import UsersData


@event_function(on=UserDeleted, ledger=None, timeout=30, retry=8)
async def forget(event: UserDeleted, held: UsersData) -> None:
    """Forget a user. Idempotent by itself: what is gone stays gone."""
    await held.forget(event.user_id)


new = forget.new
