"""Deletes what sign-in and operations hold of somebody whose account is gone."""

from __future__ import annotations

from functions.auth.events import UserDeleted
from functions.auth.personal import AuthData
from functions.runtime import Resources, event_function
from functions.runtime.personal import of_domain


@event_function(on=UserDeleted, ledger=None, timeout=30, retry=8)
async def forget(event: UserDeleted, held: AuthData, resources: Resources) -> None:
    """Forget a user. Idempotent by itself; events that could not be delivered are operations', which stand below us."""
    await held.forget(event.user_id)
    await (await resources.get(of_domain("ops"))).forget(event.user_id)


new = forget.new
