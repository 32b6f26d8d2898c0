"""The relay's keys in Redis, and calls of commands. `domain` is scan or chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis.asyncio import Redis

GROUP = "eventrouter"
RESYNC = "sse:resync"  # Pub/Sub channel: Redis came back empty, every stream must catch up


def shard_stream(domain: str, shard: int) -> str:
    """The stream of all jobs of one shard, read by the router."""
    return f"{domain}:events:{shard}"


def state(domain: str, job_id: str) -> str:
    """The key of the job's newest event that was routed, JSON with `seq` first."""
    return f"{domain}:state:{job_id}"


def job(domain: str, job_id: str) -> str:
    """The key of the job's hash: its last `seq`, what was published (`stage status`), and `ended`."""
    return f"{domain}:job:{job_id}"


def history(domain: str, job_id: str) -> str:
    """The key of the list of the job's entries in order."""
    return f"{domain}:history:{job_id}"


def channel(job_id: str) -> str:
    """The Pub/Sub channel of one job."""
    return f"sse:events:{job_id}"


async def command(redis: Redis, *words: object) -> Any:
    """Run one command, spelled as the server does. Raises redis.RedisError."""
    return await redis.execute_command(*words)  # type: ignore[no-untyped-call]
