"""Where checkpoints are kept: in Redis, and in PostgreSQL a few seconds later.

One Redis hash a conversation (LangGraph's thread) holds its checkpoints and pending writes, so that a turn that waits
can go on in any process. What Redis does not know is read from PostgreSQL once and put back. What neither knows is
begun again from the messages, which are the truth of a conversation.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from eventing.progress.keys import command

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from functions.runtime.database import Database

TTL_S = 24 * 3600
DIRTY = "chat:checkpoints:unsynced"
BATCH = 50
Fields = dict[bytes, bytes]


class CheckpointStore:
    """The hashes of conversations in Redis, with PostgreSQL behind them."""

    def __init__(self, redis: Redis, database: Database) -> None:
        self._redis, self._database = redis, database

    async def fields(self, thread: str) -> Fields:
        """All that is kept of a conversation. Raises redis.RedisError and Retry."""
        found: Any = await command(self._redis, "HGETALL", _key(thread))
        if not found:
            found = await self._from_database(thread)
        if isinstance(found, Mapping):
            return dict(found)
        return dict(zip(found[::2], found[1::2], strict=True))

    async def put(self, thread: str, fields: Mapping[bytes, bytes], *, only_new: bool = False) -> None:
        """Keep fields, for TTL_S since the last change, and note that PostgreSQL has not got them."""
        async with self._redis.pipeline(transaction=True) as pipe:
            for name, value in fields.items():
                pipe.execute_command("HSETNX" if only_new else "HSET", _key(thread), name, value)
            pipe.execute_command("EXPIRE", _key(thread), TTL_S)
            pipe.execute_command("SADD", DIRTY, thread)
            await pipe.execute()

    async def drop(self, thread: str, names: Sequence[bytes]) -> None:
        """Drop these fields of a conversation."""
        if names:
            await command(self._redis, "HDEL", _key(thread), *names)

    async def delete(self, thread: str) -> None:
        """Forget a conversation, here and in PostgreSQL."""
        await command(self._redis, "DEL", _key(thread))
        if _is_id(thread):
            await self._database.run(_DELETE, (thread,))

    async def threads(self) -> list[str]:
        """The conversations that Redis holds."""
        names: list[str] = []
        cursor = 0
        while True:
            cursor, page = await command(self._redis, "SCAN", cursor, "MATCH", _key("*"), "COUNT", 500)
            cursor = int(cursor)
            names += [bytes(name).decode().removeprefix(_key("")) for name in page]
            if cursor == 0:
                return names

    async def sync(self) -> int:
        """Write up to BATCH conversations that have changed to PostgreSQL; how many. Raises what either raises."""
        taken: Any = await command(self._redis, "SPOP", DIRTY, BATCH)
        threads = [bytes(one).decode() for one in taken]
        rows = []
        for thread in threads:
            found: Any = await command(self._redis, "HGETALL", _key(thread))
            if found and _is_id(thread):
                fields = (
                    found if isinstance(found, Mapping) else dict(zip(found[::2], found[1::2], strict=True))
                )
                rows.append((thread, _dumped(fields)))
        if not rows:
            return 0
        try:
            await self._database.run(_SYNC, tuple(map(list, zip(*rows, strict=True))))
        except BaseException:
            await command(self._redis, "SADD", DIRTY, *threads)
            raise
        return len(rows)

    async def _from_database(self, thread: str) -> Fields:
        row = await self._database.one(_READ, (thread,)) if _is_id(thread) else None
        if row is None:
            return {}
        fields = _loaded(row[0])
        async with self._redis.pipeline(transaction=True) as pipe:
            for name, value in fields.items():
                pipe.execute_command("HSETNX", _key(thread), name, value)
            pipe.execute_command("EXPIRE", _key(thread), TTL_S)
            await pipe.execute()
        return fields


def _dumped(fields: Mapping[bytes, bytes]) -> str:
    return json.dumps({name.decode(): base64.b64encode(value).decode() for name, value in fields.items()})


def _loaded(content: Mapping[str, str]) -> Fields:
    return {name.encode(): base64.b64decode(value) for name, value in content.items()}


def _key(thread: str) -> str:
    return f"chat:checkpoints:of:{thread}"


def _is_id(thread: str) -> bool:
    try:
        UUID(thread)
    except ValueError:
        return False
    return True


_READ = "SELECT content FROM chat.checkpoints WHERE thread_id = %s"
_DELETE = "DELETE FROM chat.checkpoints WHERE thread_id = %s"
_SYNC = """
INSERT INTO chat.checkpoints AS c (thread_id, content)
SELECT written.thread, written.content
FROM unnest(%s::uuid[], %s::json[]) AS written (thread, content)
JOIN chat.conversations ON conversations.id = written.thread
ON CONFLICT (thread_id) DO UPDATE SET content = excluded.content, written_at = now()
"""
