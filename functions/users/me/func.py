"""Shows the caller's account."""

from __future__ import annotations

from functions.runtime import User, http_function
from functions.users.accounts import Account, Accounts


@http_function("GET /api/v1/users/me")
async def me(user: User, accounts: Accounts) -> Account:
    """The caller's account."""
    return await accounts.of(user)


new = me.new
