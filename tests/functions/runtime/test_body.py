"""A body is bounded before it is read."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Message

from functions.runtime import Invalid, TooLarge
from functions.runtime.body import bounded

MOST = 10


class Sent:
    """A request in parts; `taken` counts those that were read."""

    def __init__(self, *parts: bytes, length: str | None = None) -> None:
        self.parts = list(parts)
        self.taken = 0
        declared = [] if length is None else [(b"content-length", length.encode("latin-1"))]
        self.scope: dict[str, Any] = {"type": "http", "method": "POST", "headers": declared}

    async def receive(self) -> Message:
        self.taken += 1
        more = self.taken < len(self.parts)
        return {"type": "http.request", "body": self.parts[self.taken - 1], "more_body": more}

    async def body(self) -> bytes:
        return await bounded(self.scope, self.receive, MOST).body()


async def test_a_body_up_to_the_limit_is_read_whole() -> None:
    assert await Sent(b"12345", b"67890").body() == b"1234567890"
    assert await Sent(b"", length="0").body() == b""


async def test_reading_ends_with_the_first_byte_over_the_limit() -> None:
    sent = Sent(b"12345", b"678901", b"never read")
    with pytest.raises(TooLarge, match="10 bytes at most"):
        await sent.body()
    assert sent.taken == 2


async def test_a_length_over_the_limit_is_refused_unread() -> None:
    sent = Sent(b"x", length="11")
    with pytest.raises(TooLarge):
        await sent.body()
    assert sent.taken == 0


@pytest.mark.parametrize("length", ["ten", "-1", "", "1.0", "²"])
async def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    with pytest.raises(Invalid, match="Content-Length"):
        await Sent(b"x", length=length).body()
