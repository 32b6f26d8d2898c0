"""Settings of the runtime: where a function's database and Redis are, and how its process ends."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import POSTGRESQL, REDIS, Names, Secret, setting


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """Servers, and the end of a process. A dataclass and no pydantic model: every cold start pays for it."""

    database_url: Secret = setting(Secret(""), "PostgreSQL", **POSTGRESQL)
    redis_streams_url: Secret = setting(Secret(""), "Redis: progress streams; must not evict", **REDIS)
    redis_pubsub_url: Secret = setting(Secret(""), "Redis: live progress to gateways", **REDIS)
    redis_cache_url: Secret = setting(Secret(""), "Redis: results; may evict", **REDIS)
    redis_auth_url: Secret = setting(Secret(""), "Redis: revoked tokens; must not evict", **REDIS)
    redis_state_url: Secret = setting(Secret(""), "Redis: OAuth state", **REDIS)
    operators: Names = setting(
        (), "ids of users who may watch events and mend dead letters; with `local` everybody may"
    )
    pool_size: int = setting(8, "PostgreSQL connections a process at most", least=1, most=8)
    grace_s: float = setting(25, "how long work may go on after SIGTERM")
