"""Checkpoints: LangGraph's own conformance suite, the way to PostgreSQL, and what comes back from there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from langgraph.checkpoint.conformance import checkpointer_test, validate
from redis.asyncio import Redis

from functions.auth.events import UserDeleted
from functions.chat.checkpoint_store import CheckpointStore
from functions.chat.checkpoint_sync import CheckpointSync
from functions.chat.checkpoints import ChatCheckpointer
from functions.chat.forget.func import forget
from functions.runtime.database import Database
from tests.functions.chat.talk import Talk

THREAD = "6f1c0000-0000-4000-8000-00000000000a"


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    made = Database(postgres_url, 4)
    yield made
    await made.close()


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    made = Redis.from_url(valkey_url)
    await made.flushdb()
    yield made
    await made.aclose()


@pytest.fixture
async def store(redis: Redis, database: Database) -> CheckpointStore:
    insert = "INSERT INTO chat.conversations (id, user_id) VALUES (%s, 'u')"
    await database.run(insert, (UUID(THREAD),))
    return CheckpointStore(redis, database)


async def test_langgraphs_conformance_suite_passes(redis: Redis, database: Database) -> None:
    @checkpointer_test(name="ChatCheckpointer")
    async def saver() -> AsyncIterator[ChatCheckpointer]:
        await redis.flushdb()
        yield ChatCheckpointer(CheckpointStore(redis, database))

    report = await validate(saver)
    assert report.passed_all_base(), {name: one.failures for name, one in report.results.items()}


async def test_what_redis_lost_comes_back_from_postgresql(store: CheckpointStore, redis: Redis) -> None:
    await store.put(THREAD, {b"c\x1f\x1f1": b"\x00\xff"})
    assert await CheckpointSync(store).run() == 1
    assert await CheckpointSync(store).run() == 0
    await redis.flushdb()
    assert await store.fields(THREAD) == {b"c\x1f\x1f1": b"\x00\xff"}
    assert await redis.ttl(f"chat:checkpoints:of:{THREAD}") > 0
    await store.delete(THREAD)
    assert await store.fields(THREAD) == {}


async def test_a_database_that_is_down_loses_no_change(store: CheckpointStore, redis: Redis) -> None:
    await store.put(THREAD, {b"c\x1f\x1f1": b"1"})
    broken = CheckpointStore(redis, Database("postgresql://127.0.0.1:1/none", 1))
    with pytest.raises(Exception, match="database"):
        await broken.sync()
    assert await store.sync() == 1


async def test_a_conversation_that_is_gone_is_not_written(store: CheckpointStore, postgres_url: str) -> None:
    await store.put("6f1c0000-0000-4000-8000-00000000000b", {b"c\x1f\x1f1": b"1"})
    await store.sync()
    async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
        cursor = await connection.execute("SELECT count(*) FROM chat.checkpoints")
        assert await cursor.fetchone() == (0,)


async def test_after_a_turn_the_newest_checkpoint_is_left(store: CheckpointStore) -> None:
    saver = ChatCheckpointer(store)
    config: Any = {"configurable": {"thread_id": THREAD, "checkpoint_ns": ""}}
    for number in range(3):
        checkpoint: Any = {
            "v": 4,
            "id": f"{number:032d}",
            "ts": "",
            "channel_values": {"answer": str(number)},
            "channel_versions": {"answer": "1"},
            "versions_seen": {},
            "updated_channels": None,
        }
        config = await saver.aput(config, checkpoint, {"step": number}, {})
        await saver.aput_writes(config, [("answer", "x")], "task")
    await saver.settle(THREAD)
    kept = [one async for one in saver.alist({"configurable": {"thread_id": THREAD}})]
    assert [one.checkpoint["channel_values"] for one in kept] == [{"answer": "2"}]
    assert kept[0].pending_writes == [("task", "answer", "x")]


async def test_who_leaves_leaves_no_checkpoint(talk: Talk, redis: Redis) -> None:
    await talk.ask("우유팩은 어떻게 버려요?")
    keys = "chat:checkpoints:of:*"
    assert [key async for key in redis.scan_iter(keys)]
    assert (
        await talk.functions.deliver(forget, UserDeleted(user_id=talk.user, at=datetime.now(UTC)))
    ).status_code == 204
    assert not [key async for key in redis.scan_iter(keys)]
    assert (await talk.page())["chats"] == []
