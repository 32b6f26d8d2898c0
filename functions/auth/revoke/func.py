"""Puts revoked tokens on the blacklist, which every process that checks tokens follows."""

from __future__ import annotations

from functions.auth.blacklist import Blacklist
from functions.auth.events import TokensRevoked
from functions.runtime import event_function


@event_function(on=TokensRevoked, ledger=None, timeout=10, retry=8)
async def revoke(event: TokensRevoked, blacklist: Blacklist) -> None:
    """Refuse the tokens of an ended login. Idempotent by itself: a blacklist knows each once."""
    await blacklist.tell(event)


new = revoke.new
