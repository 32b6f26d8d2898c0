"""A user of the HTTP API: signs in, uploads, submits, follows the stream, as the web client does and more."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Self
from urllib.parse import quote

import aiohttp
from aiohttp.connector import AddrInfoType

from bench.sse import EventParser
from bench.users import picture

PATIENCE_S = 30.0
TERMINAL = ("done", "error")


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    id: str
    data: dict[str, Any]

    @property
    def step(self) -> tuple[str, str]:
        """Stage and status, as in `("vision", "started")`."""
        return self.name, str(self.data.get("status", ""))

    @property
    def terminal(self) -> bool:
        return self.name in TERMINAL


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (names in lower case) and body of a response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class User:
    """A signed-in user; `cookies` are sent with every request."""

    url: str
    http: aiohttp.ClientSession
    cookies: dict[str, str] = field(default_factory=dict)

    @classmethod
    @contextlib.asynccontextmanager
    async def signed_in(cls, url: str, name: str) -> AsyncIterator[Self]:
        """Development sign-in."""
        async with cls.anonymous(url) as user:
            await user.sign_in(name)
            yield user

    @classmethod
    @contextlib.asynccontextmanager
    async def anonymous(cls, url: str) -> AsyncIterator[Self]:
        """Nobody yet."""
        sockets: list[socket.socket] = []

        def opened(address: AddrInfoType) -> socket.socket:
            sockets.append(socket.socket(*address[:3]))
            return sockets[-1]

        connector = aiohttp.TCPConnector(limit=0, socket_factory=opened)
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        ) as http:
            yield cls(url, http)
        # What a server refused to read is still being sent, and would be when the test's loop is closed.
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        async with asyncio.timeout(PATIENCE_S):
            while any(one.fileno() >= 0 for one in sockets):
                await asyncio.sleep(0.01)

    async def sign_in(self, name: str) -> None:
        answer = await self.ask("GET", f"/api/v1/auth/local/login?name={quote(name)}")
        assert answer.status == 302, answer
        assert set(self.cookies) == {"s_access", "s_refresh"}

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; `path` may be a whole URL. Raises aiohttp.ClientError."""
        sent = {"cookie": self._cookie()} if self.cookies and path.startswith("/") else {}
        sent |= headers or {}
        target = f"{self.url}{path}" if path.startswith("/") else path
        async with self.http.request(
            method, target, json=json, data=body, headers=sent, allow_redirects=False
        ) as response:
            content = await response.read()
            for cookie in response.headers.getall("set-cookie", []):
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value
            return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, content)

    async def upload(self, content: bytes | None = None, content_type: str = "image/jpeg") -> str:
        """The public address of an uploaded picture."""
        place = (
            await self.ask(
                "POST", "/api/v1/images/scan", json={"filename": "사진.jpg", "content_type": content_type}
            )
        ).json()
        content = picture() if content is None else content
        stored = await self.ask("PUT", place["upload_url"], body=content, headers=place["required_headers"])
        assert stored.status == 200, stored
        return str(place["cdn_url"])

    async def submit(self, image_url: str, *, key: str | None = None, **more: Any) -> str:
        """The id of an accepted job."""
        headers = {"idempotency-key": key} if key else None
        answer = await self.ask(
            "POST", "/api/v1/scan", json={"image_url": image_url, **more}, headers=headers
        )
        assert answer.status == 202, answer
        return str(answer.json()["job_id"])

    async def result(self, job_id: str) -> Answer:
        return await self.ask("GET", f"/api/v1/scan/{job_id}/result")

    async def events(
        self, job_id: str, *, after: str | None = None, path: str | None = None
    ) -> AsyncIterator[Event]:
        """The events of one connection until the server closes it. Raises aiohttp.ClientError."""
        headers = {"accept": "text/event-stream", "cookie": self._cookie()}
        if after is not None:
            headers["last-event-id"] = after
        parser = EventParser()
        async with self.http.get(
            self.url + (path or f"/api/v1/scan/{job_id}/events"),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_read=PATIENCE_S),
        ) as response:
            response.raise_for_status()
            if response.status == 204:  # after the job's last event: an EventSource stops
                return
            assert response.headers["content-type"].startswith("text/event-stream")
            async for piece in response.content.iter_any():
                for name, number, data in parser.feed(piece):
                    yield Event(name, number, json.loads(data))

    async def stream(self, job_id: str, *, after: str | None = None, path: str | None = None) -> list[Event]:
        """A whole stream of one connection, which the server must close; without keepalives."""
        async with asyncio.timeout(2 * PATIENCE_S):
            events = [event async for event in self.events(job_id, after=after, path=path)]
        return [event for event in events if event.name != "keepalive"]

    async def follow(self, job_id: str, *, within_s: float, path: str | None = None) -> list[Event]:
        """The stream to its end, taken up again with Last-Event-ID as often as it breaks.

        What was seen so far when the time is over.
        """
        seen: list[Event] = []
        deadline = monotonic() + within_s
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while monotonic() < deadline:
                    with contextlib.suppress(aiohttp.ClientError, OSError):
                        async for event in self.events(
                            job_id, after=seen[-1].id if seen else None, path=path
                        ):
                            if event.name != "keepalive":
                                seen.append(event)
                        if seen and seen[-1].terminal:
                            return seen
                    await asyncio.sleep(0.2)
        return seen

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())
