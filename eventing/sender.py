"""The HTTP client of publishers and of the brokers' dispatchers: POSTs events to one address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from eventing.errors import NoAnswer, NoAnswerInTime
from process.inside import split

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from yarl import URL

MAX_ANSWER_BYTES = 256 * 1024  # an event of the largest size, also as Base64 in a structured reply
MAX_HEADER_BYTES = 64 * 1024  # a reply event in binary mode has its attributes there, percent-encoded
CONNECT_TIMEOUT_S = 2.0
KEEP_ALIVE_S = 30  # below process.server.KEEP_ALIVE_S: the client is the one to close


class HttpAnswer(NamedTuple):
    """A whole HTTP response; header names are lower-case, values as Latin-1."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Sender:
    """A keep-alive client that POSTs to `url`, opened by the first request.

    `headers` go with every request; a Host among them names the receiver behind a shared address. No cookies, no
    redirects, no headers of its own beyond Content-Length and, without one, Host. At most `connections` are open;
    further requests wait for one.
    """

    def __init__(self, url: str, *, connections: int = 100, headers: Mapping[str, str] | None = None) -> None:
        self.url, credentials = split(url)  # logs and errors tell the address
        self.connections = connections
        self.headers = {**credentials, **(headers or {})}
        self._parsed: URL | str = self.url
        self._session: ClientSession | None = None

    async def post(self, headers: Mapping[str, str], body: bytes, timeout_s: float) -> HttpAnswer:
        """Send one request and return its answer. Raises NoAnswerInTime after `timeout_s` in all, else NoAnswer.

        When the connection ends before anything of the answer came, the request is sent once more: a server that
        closes an idle connection crosses with a request on it. Receivers know events by source and id.
        """
        import aiohttp

        try:
            async with asyncio.timeout(timeout_s), await self._begun(headers, body) as response:
                return await _whole(response)
        except TimeoutError:
            raise NoAnswerInTime(f"{self.url} did not answer within {timeout_s:g} s") from None
        except aiohttp.ClientError as error:
            raise NoAnswer(f"{self.url} is out of reach: {error}") from error

    async def close(self) -> None:
        """Close the connections. A later request opens new ones."""
        session, self._session = self._session, None
        if session:
            await session.close()

    async def _begun(self, headers: Mapping[str, str], body: bytes) -> ClientResponse:
        """Send the request; gives the response once its head is there."""
        import aiohttp

        session = self._session or self._open()
        try:
            return await session.post(self._parsed, data=body, headers=headers, allow_redirects=False)
        except (
            aiohttp.ServerDisconnectedError,
            aiohttp.ClientOSError,
            aiohttp.ClientConnectionResetError,
        ) as lost:
            reached = not isinstance(lost, aiohttp.ClientConnectorError)
            part_of_an_answer = isinstance(lost, aiohttp.ServerDisconnectedError) and not isinstance(
                lost.message, str
            )
            if part_of_an_answer or not reached:
                raise
        return await session.post(self._parsed, data=body, headers=headers, allow_redirects=False)

    def _open(self) -> ClientSession:
        import aiohttp
        from yarl import URL

        self._parsed = URL(self.url)  # once; aiohttp would parse it for every request
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.connections, keepalive_timeout=KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self.headers,
            skip_auto_headers=("accept", "accept-encoding", "content-type", "user-agent"),
            auto_decompress=False,
            max_field_size=MAX_HEADER_BYTES,
        )
        return self._session


async def _whole(response: ClientResponse) -> HttpAnswer:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.raw_headers
    }
    return HttpAnswer(response.status, headers, await _body(response))


async def _body(response: ClientResponse) -> bytes:
    pieces: list[bytes] = []
    size = response.content_length
    if size is not None and size <= MAX_ANSWER_BYTES:
        return await response.read()
    size = size or 0
    while size <= MAX_ANSWER_BYTES:
        if not (piece := await response.content.readany()):
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
    raise NoAnswer(f"{response.url} answered more than {MAX_ANSWER_BYTES} bytes")
