"""What is stored is found whole while it is written anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from embedded.objects.store import ObjectStore


async def body(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def test_an_object_that_is_replaced_is_there_at_every_moment(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    contents = [bytes([number]) * 10 for number in range(60)]
    await store.put("b/a", {}, body(contents[0]))
    over = asyncio.Event()

    async def read() -> int:
        found = 0
        while not over.is_set():
            await asyncio.to_thread(store.find, "b/a")
            found += 1
        return found

    readers = [asyncio.create_task(read()) for _ in range(4)]
    for content in contents:
        await store.put("b/a", {}, body(content))
    over.set()
    assert min(await asyncio.gather(*readers)) > 0
    assert store.find("b/a").path.read_bytes() == contents[-1]
