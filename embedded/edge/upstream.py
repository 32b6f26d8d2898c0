"""A small HTTP/1.1 client for proxying: keep-alive connections, round robin, streams handed on as they come.

Written on httptools because it is on the path of every request. The request is sent whole (the edge bounds
bodies), the response is read piece by piece.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import cast

import httptools

HIGH_WATER = 256 * 1024
"""Bytes of one response held for a slow client before reading from upstream pauses."""
IDLE_S = 60.0
"""Connections idle for longer are not used again: function hosts close them after 75 s."""
CONNECT_S = 5.0


class UpstreamError(Exception):
    """The upstream gave no (complete) answer. `sent`: the request may have been acted on."""

    def __init__(self, reason: str, *, sent: bool, timeout: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent
        self.timeout = timeout


class Exchange:
    """One response as it arrives."""

    __slots__ = ("_chunks", "_connection", "_ended", "_error", "_held", "_waiter", "headers", "status")

    def __init__(self, connection: Connection) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._connection = connection
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self._ended = False
        self._error: UpstreamError | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def head(self) -> None:
        """Wait for status and headers. Raises UpstreamError."""
        while not self.status:
            await self._wait()

    async def chunk(self) -> bytes:
        """What has arrived of the body since the last call, at least one byte; b"" at its end.

        Raises UpstreamError when the connection broke before the end.
        """
        while not self._chunks:
            if self._ended:
                return b""
            await self._wait()
        data = self._chunks.popleft() if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        if self._held > HIGH_WATER:
            self._connection.resume()
        self._held = 0
        return data

    @property
    def complete(self) -> bool:
        """Whether the whole response is here already."""
        return self._ended

    def no_deadline(self) -> None:
        """A stream may last."""
        self._connection.no_deadline()

    def close(self) -> None:
        """Give up: the upstream sees a disconnect. Nothing happens after the end."""
        if not self._ended:
            self._connection.abort()

    async def _wait(self) -> None:
        if self._error:
            raise self._error
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def started(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """For the connection: the head is here."""
        self.headers = headers
        self.status = status
        self._wake()

    def arrived(self, data: bytes) -> bool:
        """For the connection: a piece is here. True: stop reading for now."""
        self._chunks.append(data)
        self._held += len(data)
        self._wake()
        return self._held > HIGH_WATER

    def ended(self, error: UpstreamError | None = None) -> None:
        """For the connection: that was all."""
        self._error = error
        self._ended = error is None
        self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


class Connection(asyncio.Protocol):
    """One connection to an upstream; one exchange at a time."""

    def __init__(self, idle: list[Connection]) -> None:
        self.idle_since = 0.0
        self._idle = idle
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._until_close = True
        self._deadline: asyncio.TimerHandle | None = None

    def send(self, request: bytes, timeout_s: float) -> Exchange:
        """Start an exchange; it fails after `timeout_s` unless its deadline is taken away.

        Raises UpstreamError when the connection is gone already.
        """
        if self._transport is None:
            raise UpstreamError("connection lost", sent=False)
        self._exchange = Exchange(self)
        self._deadline = asyncio.get_running_loop().call_later(timeout_s, self._timed_out)
        self._transport.write(request)
        return self._exchange

    @property
    def usable(self) -> bool:
        """Whether another request may be sent."""
        transport = self._transport
        return transport is not None and not transport.is_closing() and monotonic() - self.idle_since < IDLE_S

    def no_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def resume(self) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.resume_reading()

    def abort(self) -> None:
        self._end(UpstreamError("given up", sent=True))
        if self._transport:
            self._transport.abort()

    def _timed_out(self) -> None:
        self._end(UpstreamError("no answer in time", sent=True, timeout=True))
        self.abort()

    def _end(self, error: UpstreamError | None) -> None:
        self.no_deadline()
        if self._exchange:
            self._exchange.ended(error)
            self._exchange = None

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without being its subclass

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._end(UpstreamError("malformed answer", sent=True))
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self in self._idle:
            self._idle.remove(self)
        if self._exchange and self._exchange.status and self._until_close and exc is None:
            self._end(None)
        else:
            self._end(UpstreamError("connection lost", sent=True))

    # httptools
    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in (b"content-length", b"transfer-encoding"):
            self._until_close = False
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        headers, self._headers = self._headers, []
        if status >= 200 and self._exchange:
            self._exchange.started(status, headers)

    def on_body(self, body: bytes) -> None:
        if self._exchange and self._exchange.arrived(body) and self._transport:
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        if self._exchange and not self._exchange.status:
            return  # an interim response (1xx)
        reusable = self._parser.should_keep_alive()
        self._until_close = True
        self._end(None)
        if reusable and self._transport:
            self._transport.resume_reading()
            self.idle_since = monotonic()
            self._idle.append(self)
        elif self._transport:
            self._transport.close()


class Upstream:
    """The function hosts: `addresses` serve the same functions, asked in turn."""

    def __init__(self, addresses: Sequence[tuple[str, int]]) -> None:
        if not addresses:
            raise ValueError("an upstream needs at least one address")
        self.addresses = list(addresses)
        self._idle: list[list[Connection]] = [[] for _ in addresses]
        self._turn = itertools.cycle(range(len(addresses)))

    async def send(self, request: bytes, timeout_s: float, *, repeatable: bool) -> Exchange:
        """Send and wait for the response's head; a repeatable request gets a second try on a lost connection.

        Raises UpstreamError.
        """
        try:
            return await self._send(request, timeout_s)
        except UpstreamError as error:
            if not repeatable or error.timeout:
                raise
        return await self._send(request, timeout_s)

    async def _send(self, request: bytes, timeout_s: float) -> Exchange:
        connection = await self._connection()
        exchange = connection.send(request, timeout_s)
        try:
            await exchange.head()
        except asyncio.CancelledError:
            exchange.close()
            raise
        return exchange

    async def _connection(self) -> Connection:
        failure: OSError | None = None
        for _ in self.addresses:
            at = next(self._turn)
            idle = self._idle[at]
            while idle:
                connection = idle.pop()
                if connection.usable:
                    return connection
                connection.abort()
            try:
                async with asyncio.timeout(CONNECT_S):
                    _, fresh = await asyncio.get_running_loop().create_connection(
                        lambda idle=idle: Connection(idle),  # type: ignore[misc]
                        *self.addresses[at],
                    )
                return fresh
            except OSError as error:  # TimeoutError is one
                failure = error
        raise UpstreamError(f"no function host takes connections: {failure}", sent=False)

    def close(self) -> None:
        """Close the idle connections."""
        for idle in self._idle:
            for connection in list(idle):
                connection.abort()
