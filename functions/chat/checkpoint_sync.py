"""The way of checkpoints from Redis to PostgreSQL, in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.chat.checkpoint_store import CheckpointStore
    from functions.runtime.resources import Resources

BATCHES = 20


class CheckpointSync(Service):
    """The checkpoints of this platform's conversations."""

    def __init__(self, store: CheckpointStore) -> None:
        self._store = store

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the state Redis and the database."""
        from functions.chat.checkpoint_store import CheckpointStore

        return cls(CheckpointStore(await resources.redis("state"), await resources.database()))

    async def run(self) -> int:
        """Write what has changed, at most BATCHES batches; how many conversations."""
        written = 0
        for _ in range(BATCHES):
            batch = await self._store.sync()
            written += batch
            if not batch:
                break
        return written
