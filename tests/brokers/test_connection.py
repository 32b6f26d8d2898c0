from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest
from yarl import URL

from brokers.rabbitmq import connection
from brokers.rabbitmq.connection import Gathering
from tests.brokers.test_trigger_queue import eventually


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A server that takes connections and reads nothing by itself."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def address(server: socket.socket) -> URL:
    return URL.build(scheme="amqp", host="127.0.0.1", port=server.getsockname()[1])


async def test_what_one_turn_writes_is_sent_at_its_end(server: socket.socket) -> None:
    _, writer = await Gathering().create(address(server))
    with server.accept()[0] as peer:
        peer.setblocking(False)
        writer.write(b"a")
        writer.write(b"b")
        with pytest.raises(BlockingIOError):
            peer.recv(100)
        await asyncio.sleep(0)
        assert peer.recv(100) == b"ab"
        writer.write(b"c")
        await writer.drain()
        assert peer.recv(100) == b"c"
        writer.write(b"d")
        writer.write_eof()
        assert peer.recv(100) == b"d"
        writer.close()
        await writer.wait_closed()


async def test_what_was_written_before_closing_is_sent(server: socket.socket) -> None:
    _, writer = await Gathering().create(address(server))
    with server.accept()[0] as peer:
        writer.write(b"last")
        writer.close()
        await writer.wait_closed()
        assert peer.recv(100) == b"last"


async def test_a_server_that_does_not_read_is_noticed(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "UNSENT_BYTES", 1024)
    transports = Gathering()
    assert not transports.behind
    _, writer = await transports.create(address(server))
    writer.write(b"x")
    await writer.drain()
    assert not transports.behind
    writer.write(bytes(16 * 1024 * 1024))  # more than the system keeps for both ends
    await eventually(lambda: transports.behind)
    writer.transport.abort()
    await eventually(writer.is_closing)
