"""Deletes the pictures of somebody whose account is gone."""

from __future__ import annotations

from functions.auth.events import UserDeleted
from functions.images.personal import ImagesData
from functions.runtime import event_function


@event_function(on=UserDeleted, ledger=None, timeout=30, retry=8)
async def forget(event: UserDeleted, held: ImagesData) -> None:
    """Forget a user. Idempotent by itself: what is gone stays gone."""
    await held.forget(event.user_id)


new = forget.new
