"""What is kept for a time only goes, a bounded number at a time, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from functions.ops.events import ExpiryRequested
from functions.ops.expire.func import expire
from functions.ops.expiry import Expiry
from functions.runtime.retention import Expires, declared
from tests.functions.asgi_client import Functions

KEPT = {each.table: each for each in declared() if isinstance(each, Expires)}
ROWS = {
    "auth.login_audits": "(user_id, provider, jti, ip, user_agent, at) "
    "VALUES (gen_random_uuid(), 'local', gen_random_uuid(), '127.0.0.1', '', %s)",
    "auth.sessions": "(id, user_id, provider, refresh_jti, expires_at) "
    "VALUES (gen_random_uuid(), gen_random_uuid(), 'local', gen_random_uuid(), %s)",
    "chat.conversations": "(id, user_id, deleted_at) VALUES (gen_random_uuid(), 'u', %s)",
    "ops.inbox": "(function, source, id, lease_until, created_at) "
    "VALUES ('f', '/s', gen_random_uuid(), now(), %s)",
    "ops.quarantine": "(source, event_id, trigger, type, attributes, data, state, last_seen_at) "
    "VALUES ('/s', gen_random_uuid(), 't', 'eco2.a.b', '{}', '', 'discarded', %s)",
    "scan.jobs": "(id, user_id, status, image_url, user_input, model, request_hash, deadline_at, ended_at) "
    "VALUES (gen_random_uuid(), 'u', 'completed', '', '', 'local', '', now(), %s)",
    "users.phone_refusals": "(user_id, began_at) VALUES (gen_random_uuid(), %s)",
}


@pytest.fixture
async def functions(postgres_url: str) -> AsyncIterator[Functions]:
    functions = Functions({"ECO2_DATABASE_URL": postgres_url, "ECO2_SCAN_DAYS": "7"})
    yield functions
    await functions.close()


def run(postgres_url: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(postgres_url) as connection:
        cursor = connection.execute(sql.encode(), values)
        return cursor.fetchall() if cursor.description else []


def days(functions: Functions, rule: Expires) -> int:
    return (
        rule.days
        if isinstance(rule.days, int)
        else getattr(functions.resources.settings(rule.days[0]), rule.days[1])
    )


async def expired(functions: Functions) -> None:
    assert (await functions.deliver(expire, ExpiryRequested())).status_code == 204


def test_a_row_of_each_table_is_tried() -> None:
    assert set(ROWS) == set(KEPT)


@pytest.mark.parametrize("table", sorted(KEPT))
async def test_what_is_older_goes_and_what_is_younger_stays(
    functions: Functions, postgres_url: str, table: str
) -> None:
    rule = KEPT[table]
    end = datetime.now(UTC) - timedelta(days=days(functions, rule))
    for at in (end - timedelta(hours=1), end + timedelta(hours=1)):
        run(postgres_url, f"INSERT INTO {table} {ROWS[table]}", at)
    await expired(functions)
    left = run(postgres_url, f"SELECT {rule.since} FROM {table}")
    assert left == [(end + timedelta(hours=1),)]


async def test_a_scan_goes_with_its_stages_and_one_under_way_stays(
    functions: Functions, postgres_url: str
) -> None:
    run(postgres_url, f"INSERT INTO scan.jobs {ROWS['scan.jobs']}", datetime(2026, 1, 1, tzinfo=UTC))
    run(postgres_url, f"INSERT INTO scan.jobs {ROWS['scan.jobs']}", None)
    stages = "INSERT INTO scan.stage_results (job_id, stage, event_id, lease_until) "
    run(postgres_url, f"{stages} SELECT id, 'vision', '', now() FROM scan.jobs")
    await expired(functions)
    assert run(postgres_url, "SELECT count(*) FROM scan.jobs WHERE ended_at IS NULL") == [(1,)]
    assert run(postgres_url, "SELECT count(*) FROM scan.stage_results") == [(1,)]


async def test_a_dead_letter_that_is_held_stays(functions: Functions, postgres_url: str) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    run(postgres_url, f"INSERT INTO ops.quarantine {ROWS['ops.quarantine']}", long_ago)
    run(postgres_url, "UPDATE ops.quarantine SET state = 'held'")
    await expired(functions)
    assert run(postgres_url, "SELECT count(*) FROM ops.quarantine") == [(1,)]


async def test_one_run_removes_so_many_and_the_next_what_is_left(
    functions: Functions, postgres_url: str
) -> None:
    for _ in range(8):
        run(
            postgres_url,
            f"INSERT INTO users.phone_refusals {ROWS['users.phone_refusals']}",
            datetime(2026, 1, 1, tzinfo=UTC),
        )
    expiry = Expiry(await functions.resources.database(), lambda _: 1, batch=3, rounds=2)
    await expiry.expire()
    assert run(postgres_url, "SELECT count(*) FROM users.phone_refusals") == [(2,)]
    await expiry.expire()
    assert run(postgres_url, "SELECT count(*) FROM users.phone_refusals") == [(0,)]
