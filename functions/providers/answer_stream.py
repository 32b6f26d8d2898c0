"""Answers that stream: the JSON objects of a response made of server-sent events.

The clients' own readers hand each piece of some words through half a dozen generators and build an object of it, which
costs more than all that is done with it afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Any, Final

from pydantic_core import from_json

LONGEST_EVENT: Final = 4 * 1024 * 1024
"""Bytes; the last event of OpenAI's has the whole answer once more, or a picture."""
END_S: Final = 1.0
"""How long the end of a body may take after its last event; then its connection is not used again."""
_DONE: Final = b"[DONE]"


async def objects(body: AsyncIterator[bytes]) -> AsyncGenerator[Any]:
    """The data of each event as JSON, until `[DONE]` or the end; what a broken connection cut short is left out.

    Names, ids and comments are skipped. Raises ValueError for what is no JSON or longer than LONGEST_EVENT, and what
    reading raises.
    """
    rest, data = b"", []
    async for piece in body:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                data.append(line[5:].strip())
            elif data and not line.strip():
                event, data = b"\n".join(data), []
                if event == _DONE:
                    await _read_out(body)
                    return
                yield from_json(event)
        if len(rest) + sum(map(len, data)) > LONGEST_EVENT:
            raise ValueError(f"an event of more than {LONGEST_EVENT} bytes")


async def _read_out(body: AsyncIterator[bytes]) -> None:
    """Read to the end, so that the connection can be used again."""
    with suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            async for _ in body:
                pass
