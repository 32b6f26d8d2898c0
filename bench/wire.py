"""A keep-alive HTTP/1.1 client that costs little: the generator shares two cores with what it measures.

CPU of one scan (three exchanges; ten events in one piece or in ten), measured on uvloop:
this 0.35 or 0.52 ms, aiohttp 3.14 0.76 or 1.62 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import httptools

END_S = 5.0
Sink = Callable[[bytes], bool]
"""Takes a piece of a response body as it comes; True: that was all the caller waits for."""


class Disconnected(ConnectionError):
    """The server closed the connection within a response (`answered`) or before it."""

    def __init__(self, *, answered: bool) -> None:
        super().__init__("closed within the response" if answered else "closed before the response")
        self.answered = answered


@dataclass(slots=True)
class Response:
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def all(self, name: bytes) -> list[str]:
        """Every value of a header; `name` in lower case."""
        return [value.decode("latin-1") for key, value in self.headers if key.lower() == name]


class KeptConnection(asyncio.Protocol):
    """One connection, one exchange at a time; `free` says that the next may start.

    `left_open`: the server did not end a response within END_S after the sink had all it waits for.
    """

    def __init__(self) -> None:
        self.free = True
        self.used = False
        self.left_open = False
        self._end: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Response] | None = None
        self._response = Response()
        self._pieces: list[bytes] = []
        self._sink: Sink | None = None
        self._until_close = False
        self._parser = httptools.HttpResponseParser(self)

    def exchange(self, request: bytes, sink: Sink | None) -> asyncio.Future[Response]:
        """Send a request and read its response. With a `sink`, a 200's body goes there instead of into the response."""
        if self._transport is None:
            raise Disconnected(answered=False)
        self.free = False
        self._response, self._pieces, self._sink, self._until_close = Response(), [], sink, True
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiter

    @property
    def closed(self) -> bool:
        return self._transport is None

    def close(self) -> None:
        self.free = False
        if self._end is not None:
            self._end.cancel()
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not derive from it

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as malformed:
            self._settle(malformed)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport, self.free = None, False
        answered = self._response.status != 0
        if answered and self._until_close and exc is None:
            self._complete()
        self._settle(Disconnected(answered=answered))

    # httptools

    def on_header(self, name: bytes, value: bytes) -> None:
        self._response.headers.append((name, value))
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self._until_close = False

    def on_headers_complete(self) -> None:
        self._response.status = self._parser.get_status_code()
        if self._response.status != 200:
            self._sink = None

    def on_body(self, piece: bytes) -> None:
        if self._sink is None:
            self._pieces.append(piece)
        elif self._sink(piece):
            self._settle(None)
            if self._end is None:
                self._end = asyncio.get_running_loop().call_later(END_S, self._leave)

    def on_message_complete(self) -> None:
        self.free, self.used = self._parser.should_keep_alive(), True
        self._complete()

    def _leave(self) -> None:
        self.left_open = True
        self.close()

    def _complete(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
        self._response.body = b"".join(self._pieces)
        self._settle(None)

    def _settle(self, error: Exception | None) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is None or waiter.done():
            return
        if error is None:
            waiter.set_result(self._response)
        else:
            waiter.set_exception(error)


class Browser:
    """One user's browser: its cookies and its kept-alive connections to one origin.

    As in a browser, a request on a kept connection that the server closed meanwhile is repeated once.
    `source` is the address to connect from.
    """

    def __init__(self, host: str, port: int, source: str | None = None) -> None:
        self.host, self.port, self.source = host, port, source
        self.cookies: dict[str, str] = {}
        self.left_open = 0
        self._connections: list[KeptConnection] = []

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        sink: Sink | None = None,
        timeout_s: float = 30.0,
    ) -> Response:
        """Ask once: the response. Raises TimeoutError, Disconnected, OSError (no connection)."""
        message = self._message(method, path, body, headers or {})
        async with asyncio.timeout(timeout_s):
            for _ in range(2):
                connection = await self._connection()
                kept = connection.used
                try:
                    return await connection.exchange(message, sink)
                except Disconnected as lost:
                    if lost.answered or not kept:
                        raise
                except asyncio.CancelledError:
                    connection.close()
                    raise
        raise Disconnected(answered=False)

    async def close(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        await asyncio.sleep(0)

    async def _connection(self) -> KeptConnection:
        self.left_open += sum(held.left_open for held in self._connections)
        self._connections = [held for held in self._connections if not (held.closed or held.left_open)]
        for held in self._connections:
            if held.free:
                return held
        source = (self.source, 0) if self.source else None
        loop = asyncio.get_running_loop()
        # Names below localhost are this machine (RFC 6761), though not every resolver knows.
        host = "127.0.0.1" if self.host.endswith(".localhost") else self.host
        _, opened = await loop.create_connection(KeptConnection, host, self.port, local_addr=source)
        self._connections.append(opened)
        return opened

    def _message(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"host: {self.host}:{self.port}"]
        if self.cookies:
            lines.append("cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if body or method in ("POST", "PUT"):
            lines.append(f"content-length: {len(body)}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
