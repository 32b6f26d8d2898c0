"""A listening socket that was handed down is the same as one of the server's own."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest
from starlette.responses import PlainTextResponse
from uvicorn.server import Server

from process import server
from process.protocol import Protocol
from process.server import configuration, inherited


def test_no_descriptor_is_no_socket() -> None:
    assert inherited() is None
    assert inherited(None) is None


async def test_connections_of_a_socket_handed_down_send_small_packets_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    class Told(Protocol):
        """Tells whether its connection waits with small packets."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Look at the option that asyncio and uvloop set for TCP."""
            connection = transport.get_extra_info("socket")
            seen.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            super().connection_made(transport)

    monkeypatch.setattr(server, "Protocol", Told)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    running = Server(configuration(PlainTextResponse("good")))
    sockets = inherited(os.dup(listening.fileno()))
    listening.close()
    task = asyncio.create_task(running.serve(sockets=sockets))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    running.should_exit = True
    await task
    assert answer.endswith(b"good")
    assert seen == [1]
