"""Deletes the account of somebody who is gone, with the characters collected."""

from __future__ import annotations

from functions.auth.events import UserDeleted
from functions.runtime import event_function
from functions.users.accounts import Accounts


@event_function(on=UserDeleted, ledger=None, timeout=15, retry=8)
async def forget(event: UserDeleted, accounts: Accounts) -> None:
    """Forget a user. Idempotent by itself: what is gone stays gone."""
    await accounts.forget(event.user_id)


new = forget.new
