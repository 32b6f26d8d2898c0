from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import Server

from process.server import configuration

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
POST = b"POST /a%20b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
CHUNKED = b"POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what the request was."""
    request = Request(scope, receive)
    body = (await request.body()).decode()
    await PlainTextResponse(f"<{request.method} {request.url.path}?{request.url.query} {body}>")(
        scope, receive, send
    )


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = Server(configuration(told))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = asyncio.create_task(server.serve(sockets=[listening]))
        yield int(listening.getsockname()[1])
        server.should_exit = True
        await running


async def exchanged(port: int, *segments: bytes) -> list[str]:
    """What the server says the requests were; the last must ask to close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for segment in segments:
        writer.write(segment)
        await asyncio.sleep(0.02)  # a segment of its own
    answer = (await asyncio.wait_for(reader.read(), 10)).decode()
    writer.close()
    await writer.wait_closed()
    assert answer.count("HTTP/1.1 200") == answer.count("HTTP/1.1")
    return [part.partition(">")[0] for part in answer.split("<")[1:]]


@pytest.mark.parametrize(
    "segments",
    [
        [POST + OFFER + b"\r\nbody" + LAST],
        [POST + OFFER + b"\r\n", b"body", LAST],
        [POST + OFFER + b"\r\nbo", b"dy" + LAST],
        [POST, OFFER + b"\r", b"\nbody" + LAST],
    ],
)
async def test_a_body_behind_an_offer_arrives(port: int, segments: list[bytes]) -> None:
    assert await exchanged(port, *segments) == ["POST /a b?c=d body", "GET /last? "]


async def test_a_chunked_body_behind_an_offer_arrives(port: int) -> None:
    heard = await exchanged(port, CHUNKED + OFFER + b"\r\n", b"2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", LAST)
    assert heard == ["POST /chunked? body", "GET /last? "]


async def test_many_offers_in_one_segment_are_all_answered(port: int) -> None:
    get = b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert await exchanged(port, get * 300 + LAST) == ["GET /x? "] * 300 + ["GET /last? "]


async def test_an_offer_may_come_with_the_last_request(port: int) -> None:
    closing = OFFER.replace(b"Upgrade, ", b"Upgrade, close, ")
    assert await exchanged(port, POST + closing + b"\r\nbody") == ["POST /a b?c=d body"]


async def test_requests_without_an_offer_are_as_ever(port: int) -> None:
    assert await exchanged(port, POST + b"\r\nbody", LAST) == ["POST /a b?c=d body", "GET /last? "]
