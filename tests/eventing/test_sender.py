from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from embedded.servers.process import free_port
from eventing.errors import NoAnswer, NoAnswerInTime
from eventing.sender import HttpAnswer, Sender

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def server(
    answer: Callable[[asyncio.StreamWriter, int], Awaitable[None]], heads: list[str] | None = None
) -> AsyncIterator[Sender]:
    """A sender to a server that calls `answer` for every request, with the number of the connection it came on."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        number = connections
        try:
            while not writer.is_closing():
                request = await reader.readuntil(b"\r\n\r\nhi")
                if heads is not None:
                    heads.append(request.decode())
                await answer(writer, number)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        sender = Sender(f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/")
        yield sender
        await sender.close()


async def post(sender: Sender, timeout_s: float = 5.0) -> HttpAnswer:
    return await sender.post({}, b"hi", timeout_s)


async def test_a_connection_is_kept_and_used_again() -> None:
    numbers = []

    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        numbers.append(number)
        writer.write(OK)

    async with server(answer) as sender:
        for _ in range(3):
            assert (await post(sender))[::2] == (200, b"ok")
        await asyncio.gather(*(post(sender) for _ in range(3)))
    assert numbers[:3] == [1, 1, 1]
    assert max(numbers) == 3


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (
            b"HTTP/1.1 503 X\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            503,
            b"abcde",
        ),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok"),
    ],
)
async def test_answers_in_every_form_are_read(raw: bytes, status: int, body: bytes) -> None:
    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        for byte in raw:
            writer.write(bytes([byte]))
            await writer.drain()

    async with server(answer) as sender:
        for _ in range(2):
            assert (await post(sender))[::2] == (status, body)


async def test_a_body_without_length_ends_with_the_connection() -> None:
    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nall of it")
        await writer.drain()
        writer.close()

    async with server(answer) as sender:
        assert (await post(sender)).body == b"all of it"


async def test_a_kept_connection_that_was_closed_is_replaced() -> None:
    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        if not seen:
            seen.append(number)
            writer.write(OK)
            return
        if number == 1:
            writer.close()  # while the second request is on its way
            return
        writer.write(OK)

    seen: list[int] = []
    async with server(answer) as sender:
        assert (await post(sender)).status == 200
        assert (await post(sender)).status == 200


async def test_a_connection_that_ends_within_the_answer_is_no_answer() -> None:
    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart")
        await writer.drain()
        writer.close()

    async with server(answer) as sender:
        with pytest.raises(NoAnswer):
            await post(sender)


@pytest.mark.parametrize(
    ("start_of_answer", "requests"), [(b"", 2), (b"HTTP/1.1 200 OK\r\ncontent-le", 1), (b"HTTP/1.1 2", 1)]
)
async def test_a_request_is_sent_again_only_when_nothing_of_the_answer_came(
    start_of_answer: bytes, requests: int
) -> None:
    heads: list[str] = []

    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(start_of_answer)
        await writer.drain()
        writer.close()

    async with server(answer, heads) as sender:
        with pytest.raises(NoAnswer):
            await post(sender)
    assert len(heads) == requests


async def test_a_reset_before_the_answer_is_tried_once_more() -> None:
    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        if number == 1:
            writer.transport.abort()
            return
        writer.write(OK)

    async with server(answer) as sender:
        assert (await post(sender)).status == 200


async def test_a_request_has_our_headers_and_no_others() -> None:
    heads: list[str] = []

    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(
            b"HTTP/1.1 302 Found\r\nset-cookie: a=b\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n"
        )

    async with server(answer, heads) as to_url:
        sender = Sender(to_url.url + "a%2Fb?c=d", headers={"Host": "scan-vision", "prefer": "reply"})
        for _ in range(2):
            assert (await sender.post({"ce-id": "1"}, b"hi", 5.0)).status == 302
        await sender.close()
    assert heads[0] == heads[1]
    start, *rest = heads[0].split("\r\n")
    assert start == "POST /a%2Fb?c=d HTTP/1.1"
    assert {line.lower() for line in rest[:-2]} == {
        "host: scan-vision",
        "prefer: reply",
        "ce-id: 1",
        "content-length: 2",
    }


async def test_headers_of_an_answer_are_latin_1_under_lower_case_names_and_may_be_long() -> None:
    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        long = b"%EC%9C%A0" * 2700
        writer.write(b"HTTP/1.1 202 OK\r\nCE-Subject: %b\r\nCe-A: \xe9\r\ncontent-length: 0\r\n\r\n" % long)

    async with server(answer) as sender:
        headers = (await post(sender)).headers
    assert headers["ce-subject"] == "%EC%9C%A0" * 2700
    assert headers["ce-a"] == "é"


async def test_no_more_connections_are_opened_than_allowed() -> None:
    numbers: set[int] = set()

    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        numbers.add(number)
        writer.write(OK)

    async with server(answer) as to_url:
        sender = Sender(to_url.url, connections=2)
        answers = await asyncio.gather(*(post(sender) for _ in range(20)))
        await sender.close()
    assert [answer.status for answer in answers] == [200] * 20
    assert numbers <= {1, 2}


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n60000\r\n" + b"x" * 0x60000 + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-long: " + b"x" * 70_000 + b"\r\ncontent-length: 0\r\n\r\n",
    ],
)
async def test_what_is_no_answer_or_too_large_is_refused(raw: bytes) -> None:
    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(raw)

    async with server(answer) as sender:
        with pytest.raises(NoAnswer):
            await post(sender)


async def test_silence_is_no_answer_in_time_and_its_connection_is_not_used_again() -> None:
    numbers = []

    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        numbers.append(number)
        if number > 1:
            writer.write(OK)

    async with server(answer) as sender:
        with pytest.raises(NoAnswerInTime):
            await post(sender, 0.1)
        assert (await post(sender)).status == 200
    assert numbers == [1, 2]


async def test_nobody_there_is_no_answer_and_a_closed_sender_opens_again() -> None:
    sender = Sender(f"http://127.0.0.1:{free_port()}/")
    for _ in range(2):
        with pytest.raises(NoAnswer, match="out of reach"):
            await post(sender)
        await sender.close()
