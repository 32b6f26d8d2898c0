"""The reader of answers that stream: whatever pieces they come in, and what is no such answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from functions.providers import answer_stream
from functions.providers.answer_stream import objects
from functions.providers.errors import ModelRefused, ModelUnavailable
from functions.providers.openai import Compatible
from functions.providers.provider import Prompt
from functions.providers.settings import Endpoint
from tests.functions.providers.conftest import running
from tests.functions.providers.test_failures import Fixed
from tests.functions.providers.test_writing import asking

TOLD = (
    b': a comment\n\nevent: said\nid: 7\ndata: {"text":"\xea\xb0\x80"}\n\n'
    b'data:{"text":\ndata: "b"}\r\n\r\n: alive\n\ndata: [3]\n\n'
)
OBJECTS = [{"text": "가"}, {"text": "b"}, [3]]


class Body:
    """A body in pieces; `left` are those that nobody has read."""

    def __init__(self, pieces: Sequence[bytes], *, then_hangs: bool = False) -> None:
        self.left, self.then_hangs = list(pieces), then_hangs

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self.left:
            return self.left.pop(0)
        if self.then_hangs:
            await asyncio.Event().wait()
        raise StopAsyncIteration


async def read(body: Body) -> list[Any]:
    return [each async for each in objects(body)]


async def test_events_are_whole_wherever_the_pieces_are_cut() -> None:
    for at in range(len(TOLD) + 1):
        assert await read(Body([TOLD[:at], TOLD[at:]])) == OBJECTS
    assert await read(Body([bytes([byte]) for byte in TOLD])) == OBJECTS


async def test_an_event_that_was_cut_short_is_left_out() -> None:
    assert await read(Body([TOLD, b'data: {"text": "c"}\n'])) == OBJECTS
    assert await read(Body([b"<html>no events</html>"])) == []


async def test_after_the_last_event_the_body_is_read_to_its_end_and_told_no_more() -> None:
    body = Body([TOLD, b"data: [DONE]\n\n", b"data: 4\n\n"])
    assert await read(body) == OBJECTS
    assert body.left == []


async def test_the_end_of_a_body_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_stream, "END_S", 0.01)
    assert await read(Body([TOLD + b"data: [DONE]\n\n"], then_hangs=True)) == OBJECTS


async def test_what_is_no_json_or_has_no_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="EOF"):
        await read(Body([b'data: {"a":\n\n']))
    monkeypatch.setattr(answer_stream, "LONGEST_EVENT", 100)
    assert await read(Body([b"data: [1]\n\n"] * 50)) == [[1]] * 50
    for endless in (b"data: 0000000000", b"data: 0000000000\n"):
        with pytest.raises(ValueError, match="more than 100 bytes"):
            await read(Body([endless] * 50))


async def failure_of(told: bytes) -> Exception:
    """What an answer becomes that streams these bytes, by the client of compatible servers."""
    async with running(Fixed(200, told)) as url:
        provider = Compatible("compatible", Endpoint(f"{url}/v1", "key", 1, 0))
        with pytest.raises(Exception) as raised:
            [piece async for piece in provider.write(Prompt.written("m", asking()))]
        await provider.close()
        return raised.value


async def test_an_error_that_is_told_within_the_stream_is_the_providers() -> None:
    failure = await failure_of(b'data: {"error": {"code": "overloaded", "message": "secret"}}\n\n')
    assert isinstance(failure, ModelUnavailable)
    assert failure.reason == "server_error"
    assert "secret" not in str(failure)
    refused = await failure_of(b'data: {"error": {"code": "content_filter"}}\n\n')
    assert isinstance(refused, ModelRefused)


async def test_what_can_not_be_read_is_a_failure_of_the_provider() -> None:
    for told in (b"data: {\n\n", b"data: 1\n\n", b'data: {"error": "words"}\n\n'):
        failure = await failure_of(told)
        assert isinstance(failure, ModelUnavailable)
        assert failure.reason == "server_error"
    broken = await failure_of(b'data: {"choices": []}\n\n')
    assert isinstance(broken, ModelUnavailable)
    assert broken.reason == "connection"
