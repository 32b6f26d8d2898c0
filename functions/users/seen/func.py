"""Remembers when a user signed in last."""

from __future__ import annotations

from functions.auth.events import SessionOpened
from functions.runtime import event_function
from functions.users.accounts import Accounts


@event_function(on=SessionOpened, ledger=None, timeout=15)
async def seen(event: SessionOpened, accounts: Accounts) -> None:
    """Note a sign-in. Idempotent by itself: the latest time wins."""
    await accounts.seen(event)


new = seen.new
