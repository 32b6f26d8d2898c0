from __future__ import annotations

import psycopg
from redis import Redis

from bench.budget import Queries, counters


async def test_transactions_and_scripts_are_counted(postgres_url: str, valkey_url: str) -> None:
    before = await counters(postgres_url, valkey_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for _ in range(20):
            connection.execute("SELECT 1")
    with Redis.from_url(valkey_url) as redis:
        for _ in range(3):
            redis.eval("return redis.call('SET', 'a', 'b')", 0)
    after = await counters(postgres_url, valkey_url)
    assert after.transactions - before.transactions >= 20
    assert after.scripts - before.scripts == 3
    assert after.commands - before.commands >= 6  # a script's own calls count too


def test_figures_are_per_job() -> None:
    assert Queries(130, 40, 400).per_job(Queries(10, 20, 100), jobs=10) == {
        "postgres_transactions_per_job": 12.0,
        "redis_scripts_per_job": 2.0,
        "redis_commands_per_job": 30.0,
    }
