"""The upstream client against raw sockets: what a well-behaved server never does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from embedded.edge.upstream import HIGH_WATER, Exchange, Upstream, UpstreamError

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def upstream(serve: Serve) -> AsyncIterator[Upstream]:
    served: set[asyncio.Task[None]] = set()

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        served.add(task)
        with contextlib.suppress(ConnectionError):
            await serve(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    client = Upstream([server.sockets[0].getsockname()[:2]])
    try:
        yield client
    finally:
        client.close()
        server.close()
        await asyncio.wait_for(asyncio.gather(*served), 10)


async def body(exchange: Exchange) -> bytes:
    got = b""
    async with asyncio.timeout(5):
        while piece := await exchange.chunk():
            got += piece
    return got


def scripted(*answers: bytes) -> tuple[Serve, list[int]]:
    """Answers a connection's requests in turn; b"" closes. The list holds the requests of each connection."""
    left, connections = list(answers), list[int]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(0)
        mine = len(connections) - 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while left:
                await reader.readuntil(b"\r\n\r\n")
                connections[mine] += 1
                answer = left.pop(0)
                writer.write(answer)
                if not answer or b"content-length" not in answer.lower() or b"CLOSE" in answer:
                    break
            else:
                await reader.read()

    return serve, connections


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_connections_are_used_again() -> None:
    serve, connections = scripted(OK, OK, OK)
    async with upstream(serve) as client:
        for _ in range(3):
            assert await body(await client.send(REQUEST, 5, repeatable=False)) == b"ok"
    assert connections == [3]


async def test_a_lost_connection_is_tried_again_only_when_that_is_safe() -> None:
    serve, _ = scripted(b"", OK, b"")
    async with upstream(serve) as client:
        assert await body(await client.send(REQUEST, 5, repeatable=True)) == b"ok"
        with pytest.raises(UpstreamError) as error:
            await client.send(REQUEST, 5, repeatable=False)
    assert error.value.sent


async def test_a_body_until_close_is_complete() -> None:
    serve, _ = scripted(b"HTTP/1.1 200 OK\r\n\r\nall of it")
    async with upstream(serve) as client:
        assert await body(await client.send(REQUEST, 5, repeatable=False)) == b"all of it"


async def test_a_body_that_breaks_off_is_an_error() -> None:
    serve, _ = scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nCLOSE")
    async with upstream(serve) as client:
        exchange = await client.send(REQUEST, 5, repeatable=False)
        with pytest.raises(UpstreamError):
            await body(exchange)


async def test_interim_responses_are_passed_over() -> None:
    serve, _ = scripted(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)
    async with upstream(serve) as client:
        exchange = await client.send(REQUEST, 5, repeatable=False)
        assert exchange.status == 200
        assert await body(exchange) == b"ok"


async def test_what_is_no_http_is_an_error() -> None:
    serve, _ = scripted(b"SSH-2.0-hello\r\n content-length")
    async with upstream(serve) as client:
        with pytest.raises(UpstreamError, match="malformed"):
            await client.send(REQUEST, 5, repeatable=False)


async def test_a_silent_upstream_times_out() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with upstream(serve) as client:
        with pytest.raises(UpstreamError) as error:
            await client.send(REQUEST, 0.1, repeatable=True)
    assert error.value.timeout


async def test_a_slow_reader_pauses_the_upstream() -> None:
    size = 64 * HIGH_WATER
    sent = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(64):
            writer.write(b"x" * HIGH_WATER)
            await writer.drain()
        sent.set()

    async with upstream(serve) as client:
        exchange = await client.send(REQUEST, 10, repeatable=False)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await sent.wait()
        assert len(await body(exchange)) == size


async def test_addresses_are_asked_in_turn_and_a_dead_one_is_passed_over(unused_tcp_port: int) -> None:
    serve, connections = scripted(OK, OK)
    async with upstream(serve) as one:
        both = Upstream([("127.0.0.1", unused_tcp_port), *one.addresses])
        for _ in range(2):
            assert await body(await both.send(REQUEST, 5, repeatable=False)) == b"ok"
        both.close()
    assert sum(connections) == 2
