"""The connection to RabbitMQ, opened by aiormq over a transport that sends what belongs together at once."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import aiormq
from aiormq.abc import AbstractConnection
from yarl import URL

CONNECT_TIMEOUT_S = 10.0
UNSENT_BYTES = 8 * 1024 * 1024
# What aiormq raises while a connection or a channel breaks; RuntimeError on what is closed already.
TROUBLE = (aiormq.AMQPError, OSError, RuntimeError, StopAsyncIteration)


async def open_channel(connection: AbstractConnection, *, confirms: bool) -> aiormq.Channel:
    """Open a channel, with or without publisher confirms. Raises TROUBLE."""
    return cast("aiormq.Channel", await connection.channel(publisher_confirms=confirms))


class Gathering(aiormq.TransportFactory):
    """A factory of transports to RabbitMQ whose writer is a GatheringWriter; it remembers the last one."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None

    async def connect(self, url: str) -> aiormq.Connection:
        """Open a connection. Raises TROUBLE."""
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await aiormq.connect(url, transport_factory=self)

    @property
    def behind(self) -> bool:
        """Whether RabbitMQ has not read so much that was sent that no more should be: its disk may be full, say."""
        return self._transport is not None and self._transport.get_write_buffer_size() > UNSENT_BYTES

    async def create(self, url: URL, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect by TCP, or by TLS where the scheme is amqps."""
        loop = asyncio.get_running_loop()
        secured = options.pop("ssl_context_provider") if url.scheme == "amqps" else None
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        self._transport, _ = await loop.create_connection(
            lambda: protocol, url.host or "", url.port or 5672, ssl=secured and await secured.get_context()
        )
        return reader, GatheringWriter(self._transport, protocol, reader, loop)


class GatheringWriter(asyncio.StreamWriter):
    """A stream writer that sends everything written in one turn of the loop in one piece.

    aiormq writes each message and each acknowledgement by itself, and a write at once is a system call at once.
    """

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        protocol: asyncio.StreamReaderProtocol,
        reader: asyncio.StreamReader,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(transport, protocol, reader, loop)
        self._gathered: list[bytes] = []
        self._soon = loop.call_soon

    def write(self, data: Any) -> None:
        """Send the data at the end of this turn."""
        if not self._gathered:
            self._soon(self._send)
        self._gathered.append(data)

    def _send(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            super().write(b"".join(gathered))

    async def drain(self) -> None:
        """Send what is gathered; return when the transport takes more."""
        self._send()
        await super().drain()

    def write_eof(self) -> None:
        """Send what is gathered and say that nothing follows."""
        self._send()
        super().write_eof()

    def close(self) -> None:
        """Send what is gathered and close."""
        self._send()
        super().close()
