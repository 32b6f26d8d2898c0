from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from brokers.client import MAX_ANSWER_BYTES, Address, Client
from brokers.errors import NoAnswer, NoAnswerInTime
from embedded.servers import free_port

REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def server(answer: Callable[[asyncio.StreamWriter, int], Awaitable[None]]) -> AsyncIterator[Address]:
    """Calls `answer` for every request, with the number of the connection it came on."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        number = connections
        try:
            while (await reader.readuntil(b"\r\n\r\nhi")) and not writer.is_closing():
                await answer(writer, number)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        yield Address("127.0.0.1", running.sockets[0].getsockname()[1], tls=False)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    made = Client()
    yield made
    await made.close()


async def test_a_connection_is_kept_and_used_again(client: Client) -> None:
    numbers = []

    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        numbers.append(number)
        writer.write(OK)

    async with server(answer) as address:
        for _ in range(3):
            assert (await client.post(address, REQUEST, 5))[::2] == (200, b"ok")
        await asyncio.gather(*(client.post(address, REQUEST, 5) for _ in range(3)))
        await client.close()
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
async def test_answers_in_every_form_are_read(client: Client, raw: bytes, status: int, body: bytes) -> None:
    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        for byte in raw:
            writer.write(bytes([byte]))
            await writer.drain()

    async with server(answer) as address:
        for _ in range(2):
            assert (await client.post(address, REQUEST, 5))[::2] == (status, body)
        await client.close()


async def test_a_body_without_length_ends_with_the_connection(client: Client) -> None:
    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nall of it")
        await writer.drain()
        writer.close()

    async with server(answer) as address:
        assert (await client.post(address, REQUEST, 5)).body == b"all of it"


async def test_a_kept_connection_that_was_closed_is_replaced(client: Client) -> None:
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
    async with server(answer) as address:
        assert (await client.post(address, REQUEST, 5)).status == 200
        assert (await client.post(address, REQUEST, 5)).status == 200
        await client.close()


async def test_a_connection_that_ends_within_the_answer_is_no_answer(client: Client) -> None:
    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart")
        await writer.drain()
        writer.close()

    async with server(answer) as address:
        with pytest.raises(NoAnswer):
            await client.post(address, REQUEST, 5)


@pytest.mark.parametrize(
    "raw",
    [b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n" + b"x" * (MAX_ANSWER_BYTES + 1)],
)
async def test_what_is_no_answer_or_too_large_is_refused(client: Client, raw: bytes) -> None:
    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(raw)

    async with server(answer) as address:
        with pytest.raises(NoAnswer):
            await client.post(address, REQUEST, 5)


async def test_silence_is_no_answer_in_time_and_its_connection_is_not_used_again(client: Client) -> None:
    numbers = []

    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        numbers.append(number)
        if number > 1:
            writer.write(OK)

    async with server(answer) as address:
        with pytest.raises(NoAnswerInTime):
            await client.post(address, REQUEST, 0.1)
        assert (await client.post(address, REQUEST, 5)).status == 200
        await client.close()
    assert numbers == [1, 2]


async def test_nobody_there_is_no_answer(client: Client) -> None:
    with pytest.raises(NoAnswer, match="can't be reached"):
        await client.post(Address("127.0.0.1", free_port(), tls=False), REQUEST, 5)


def test_addresses_of_urls() -> None:
    assert Address.of("http://a/x") == Address("a", 80, tls=False)
    assert Address.of("https://a.b/x") == Address("a.b", 443, tls=True)
    assert Address.of("http://[::1]:8080") == Address("::1", 8080, tls=False)
