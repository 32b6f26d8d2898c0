"""A subscriber whose behaviour a test decides: records every request by the event's `run` extension."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from eventing.cloudevent import CloudEvent, decode

TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Request:
    """One delivery attempt, as it came."""

    path: str
    headers: dict[str, str]
    event: CloudEvent
    at: float


@dataclass(frozen=True)
class Response:
    """What to answer; `event` is answered in binary mode."""

    status: int = 202
    body: bytes = b""
    event: CloudEvent | None = None
    headers: dict[str, str] = field(default_factory=dict)


Behaviour = Callable[[Request], Awaitable[Response]]


def answers(*statuses: int) -> Behaviour:
    """The statuses in turn, then the last one for ever."""
    left = list(statuses)

    async def answer(_request: Request) -> Response:
        return Response(left.pop(0) if len(left) > 1 else left[0])

    return answer


class Gate:
    """Holds deliveries until it is opened; tells how many are held at once at most."""

    def __init__(self, subscriber: Subscriber) -> None:
        self._loop = subscriber.loop
        self._open = asyncio.Event()
        self.held = self.most_held = 0

    async def __call__(self, _request: Request) -> Response:
        self.held += 1
        self.most_held = max(self.most_held, self.held)
        try:
            await asyncio.wait_for(self._open.wait(), TIMEOUT_S)
        finally:
            self.held -= 1
        return Response()

    def open(self) -> None:
        """Let all through."""
        self._loop.call_soon_threadsafe(self._open.set)


@dataclass
class Subscriber:
    """An HTTP server in a thread; `url` is what triggers name. Behaviour is by (run, path)."""

    host: str
    port: int
    _seen: dict[str, list[Request]] = field(default_factory=lambda: defaultdict(list))
    _behaviours: dict[tuple[str, str], Behaviour] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def start(self) -> None:
        """Serve until `stop`."""
        config = uvicorn.Config(
            self._app, host=self.host, port=self.port, interface="asgi3", http="httptools", ws="none", lifespan="off",
            log_level="error", timeout_keep_alive=5, timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        started = threading.Event()

        def serve() -> None:
            with asyncio.Runner() as runner:
                self.loop = runner.get_loop()
                started.set()
                runner.run(self._server.serve())

        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()
        assert started.wait(TIMEOUT_S)
        wait_until(lambda: self._server.started)

    def stop(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(TIMEOUT_S)

    def behave(self, run: str, path: str, behaviour: Behaviour) -> None:
        """HttpAnswer deliveries of this run at this path so; without it the answer is 202."""
        self._behaviours[run, path] = behaviour

    def seen(self, run: str, path: str | None = None) -> list[Request]:
        """The attempts of a run so far, at one path or all."""
        with self._changed:
            return [request for request in self._seen[run] if path in (None, request.path)]

    def wait(self, run: str, path: str | None = None, *, count: int = 1) -> list[Request]:
        """At least `count` attempts; fails after TIMEOUT_S."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: sum(path in (None, request.path) for request in self._seen[run]) >= count, TIMEOUT_S
            ), f"{count} attempts at {path} expected, these came: {self._seen[run]}"
        return self.seen(run, path)

    def wait_for(self, reached: Callable[[], bool]) -> None:
        """Wait until it holds, looked at whenever an attempt comes; fails after TIMEOUT_S."""
        with self._changed:
            assert self._changed.wait_for(reached, TIMEOUT_S)

    def stays(self, run: str, path: str, count: int, for_s: float = 0.6) -> bool:
        """Whether no attempt beyond `count` comes within a time far above the backoff of the suite."""
        with self._changed:
            more = self._changed.wait_for(
                lambda: sum(path == request.path for request in self._seen[run]) > count, for_s
            )
        return not more

    async def _app(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(scope["path"], headers, decode(headers, body, max_bytes=200_000), time.monotonic())
        run = request.event.extensions.get("run", "")
        with self._changed:
            self._seen[run].append(request)
            self._changed.notify_all()
        behaviour = self._behaviours.get((run, request.path))
        response = await behaviour(request) if behaviour else Response()
        reply, payload = response.event.to_binary() if response.event else (response.headers, response.body)
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.items()]
        raw.append((b"content-length", str(len(payload)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": raw})
        await send({"type": "http.response.body", "body": payload})


def wait_until(holds: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
    """Look again every 20 ms; fails after `timeout_s`."""
    never = threading.Event()
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        never.wait(0.02)
