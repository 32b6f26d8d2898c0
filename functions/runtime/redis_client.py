"""The Redis client, and the one whose round trips are spans within a recorded one."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from process import tracing


def client_class() -> type[Redis]:
    """The class of this process's clients."""
    return TracedRedis if tracing.recording() else Redis


class TracedRedis(Redis):
    """A client that records commands by name; keys and values are left out."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        command = str(args[0])
        with tracing.call(command, lambda: _attributes(command)):
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return TracedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class TracedPipeline(Pipeline):
    """A pipeline that records its one round trip."""

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        size = len(self.command_stack)
        name = f"PIPELINE {' '.join(sorted({str(args[0]) for args, _ in self.command_stack}))}"
        with tracing.call(name, lambda: {**_attributes(name), "db.operation.batch.size": size}):
            return await super().execute(raise_on_error)


def _attributes(operation: str) -> dict[str, str | int]:
    return {"db.system.name": "redis", "db.operation.name": operation}
