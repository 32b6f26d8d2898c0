"""Queries of one scan to PostgreSQL and Redis, read from the servers' own counters."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from bench.launch import MeasuredPlatform

STATISTICS_S = 10.5  # an idle PostgreSQL backend hands in its counts within 10 s
SCRIPTS = ("cmdstat_eval", "cmdstat_evalsha", "cmdstat_fcall")
TRANSACTIONS = (
    "SELECT sum(xact_commit + xact_rollback)::bigint FROM pg_stat_database WHERE datname = current_database()"
)


@dataclass(frozen=True, slots=True)
class Queries:
    """Counters since the servers started. `commands` includes what a script calls within Redis."""

    transactions: int
    scripts: int
    commands: int

    def per_job(self, before: Queries, jobs: int) -> dict[str, float]:
        return {
            "postgres_transactions_per_job": round((self.transactions - before.transactions) / jobs, 2),
            "redis_scripts_per_job": round((self.scripts - before.scripts) / jobs, 2),
            "redis_commands_per_job": round((self.commands - before.commands) / jobs, 2),
        }


async def queries(platform: MeasuredPlatform) -> Queries | None:
    """The counters after all is handed in; None if the platform does not say where its servers are."""
    database, streams = platform.setting("ECO2_DATABASE_URL"), platform.setting("ECO2_REDIS_STREAMS_URL")
    if database is None or streams is None:
        return None
    await asyncio.sleep(STATISTICS_S)
    return await counters(database, streams)


async def counters(database_url: str, redis_url: str) -> Queries:
    """The servers' counters now."""
    import psycopg
    from redis.asyncio import Redis

    connection = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with connection, await connection.execute(TRANSACTIONS) as rows:
        row = await rows.fetchone()
    async with Redis.from_url(redis_url) as redis:
        statistics: dict[str, Any] = await redis.info("commandstats")
    calls = {name: int(values["calls"]) for name, values in statistics.items()}
    return Queries(
        int(row[0]) if row else 0, sum(calls.get(name, 0) for name in SCRIPTS), sum(calls.values())
    )
