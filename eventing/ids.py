"""Derived event ids and shards, which must be the same on every machine."""

from __future__ import annotations

import hashlib
import uuid
from functools import lru_cache

_DERIVED = uuid.UUID("6a2d2f0e-6c5c-5f0e-9c8e-2c6f3c1d7e42")
LONGEST_KEY = 400
SHARDS = 4
"""Into how many shares events are divided by their subject (extension attribute `shard`)."""


def derived_id(event_id: str, source: str) -> str:
    """The id of the event that `source` makes of the event `event_id`: redelivery makes the same event."""
    return str(uuid.uuid5(_DERIVED, f"{source}\n{event_id}"))


def index_key(text: str) -> str:
    """A text as it is put into an index, whose rows PostgreSQL bounds: a long one by its beginning and its digest."""
    if len(text) <= LONGEST_KEY:
        return text
    return f"{text[:100]}…{hashlib.sha256(text.encode()).hexdigest()}"


@lru_cache(maxsize=1_000)  # an answer asks for its own with each of its tokens
def shard_of(job_id: str, shards: int) -> int:
    """The shard of a job, 0 ≤ shard < shards: the first 8 bytes of its MD5, big-endian, modulo."""
    digest = hashlib.md5(job_id.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big") % shards
