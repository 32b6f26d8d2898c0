"""Makes the account of a new user, with the default character."""

from __future__ import annotations

from functions.auth.events import UserRegistered
from functions.runtime import event_function
from functions.users.accounts import Accounts


@event_function(on=UserRegistered, ledger=None, timeout=15)
async def register(event: UserRegistered, accounts: Accounts) -> None:
    """Register a user. Idempotent by itself: an account is registered once."""
    await accounts.register(event)


new = register.new
