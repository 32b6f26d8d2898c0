"""Bodies that are read in gulps: nothing of them is lost, and the pause begins when it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from functions.providers import unhurried
from functions.providers.unhurried import Unhurried


class Body(httpx2.AsyncByteStream):
    """Three bytes, a read each."""

    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for byte in (b"1", b"2", b"3"):
            yield byte

    async def aclose(self) -> None:
        self.closed = True


async def test_a_body_is_read_without_a_pause_until_it_is_unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unhurried, "GULP_S", 3_600)
    body = Body()
    response = httpx2.Response(200, stream=body)
    Unhurried(response)
    async with asyncio.timeout(5):
        assert [read async for read in response.aiter_raw()] == [b"1", b"2", b"3"]
    assert body.closed


async def test_an_unhurried_body_waits_after_each_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    response = httpx2.Response(200, stream=Body())
    Unhurried(response).hurried = False
    assert await response.aread() == b"123"
    assert pauses == [unhurried.GULP_S] * 3
