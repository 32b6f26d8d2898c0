"""Functions as bare ASGI applications: no framework on the way of an event (25 µs instead of 211 µs)."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, ClassVar

from functions.runtime import telemetry
from functions.runtime.binding import services
from functions.runtime.declaration import BackgroundFunction, EventFunction, Function, HttpFunction
from functions.runtime.delivery import deliver
from functions.runtime.errors import FunctionError, Invalid, NotFound, TooLarge, Unavailable
from functions.runtime.http import respond
from functions.runtime.problems import problem
from functions.runtime.reply import EventStream, Reply
from functions.runtime.request import Request
from functions.runtime.resources import Resources
from functions.runtime.work import Work

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
MAX_EVENT = 131_072
RESTART_WAIT_S = 1.0
WARM_AFTER_S = 0.1  # being ready comes first; a call that comes earlier opens what it needs by itself


class App:
    """One function, served: the object that `func`'s scaffold, functions-framework and our host all use."""

    _shared: ClassVar[dict[str, App]] = {}
    _resources: ClassVar[Resources | None] = None

    def __init__(self, function: Function, resources: Resources, work: Work) -> None:
        self.function, self.resources, self.work = function, resources, work
        self._background: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None

    @classmethod
    def shared(cls, function: Function) -> App:
        """This process's application of `function`; all share one set of resources."""
        if cls._resources is None:
            cls._resources = Resources()
            work = Work()
            cls._resources.cancel = work.cancel
        else:
            work = next(iter(cls._shared.values())).work if cls._shared else Work()
        if function.name not in cls._shared:
            cls._shared[function.name] = cls(function, cls._resources, work)
        return cls._shared[function.name]

    def start(self, _config: object = None) -> None:
        """Open connections in the background, so that being ready does not wait for them.

        Not async, in a running loop all the same: func's scaffold calls it without awaiting it.
        """
        if self._warming is None:
            self._warming = asyncio.create_task(self._warm(), name=f"warm {self.function.name}")
        if self._background is None and isinstance(self.function, BackgroundFunction):
            self._background = asyncio.create_task(self._run(), name=self.function.name)

    async def _warm(self) -> None:
        await asyncio.sleep(WARM_AFTER_S)
        wanted = services(self.function.handler)
        if isinstance(self.function, EventFunction) and self.function.ledger:
            wanted.append(self.function.ledger)
        for service in wanted:
            try:
                await self.resources.get(service)
            except Exception as error:
                log.warning("%s is not ready yet: %s", service.__name__, error)

    async def _run(self) -> None:
        while not self.resources.stopping.is_set():
            try:
                wanted = [await self.resources.get(service) for service in services(self.function.handler)]
                await self.function.handler(*wanted)
            except Exception:
                log.exception("%s stopped; it starts again", self.function.name)
            await asyncio.sleep(RESTART_WAIT_S)

    def stop(self) -> Awaitable[object]:
        """Stop background work; await it to know that it has. Resources are closed by who started the process."""
        tasks = [task for task in (self._background, self._warming) if task]
        for task in tasks:
            task.cancel()
        return asyncio.gather(*tasks, return_exceptions=True)

    def alive(self) -> tuple[bool, str]:
        """Whether the process should go on."""
        return True, "alive"

    def ready(self) -> tuple[bool, str]:
        """Whether calls may come."""
        return not self.resources.stopping.is_set(), "ready"

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request (ASGI 3)."""
        started = time.perf_counter()
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        request_id = headers.setdefault("x-request-id", secrets.token_hex(8))
        path = scope["path"]
        if self._warming is None:  # no lifespan: under functions-framework or func's scaffold
            self.start()
        if path.startswith("/health/") or path == "/metrics":
            return await _send(send, self._operational(path), request_id)
        limit = self.function.max_body if isinstance(self.function, HttpFunction) else MAX_EVENT
        try:
            request = Request(
                scope["method"],
                path,
                scope.get("query_string", b"").decode("latin-1"),
                headers,
                await _read(receive, headers, limit),
                (scope.get("client") or ("",))[0],
            )
        except FunctionError as error:
            return await _send(send, problem(error, instance=path, request_id=request_id), request_id)
        reply = await self._answer(request)
        if isinstance(reply, EventStream) and request.method != "HEAD":
            return await self._stream(reply, receive, send, request_id)
        if isinstance(reply, EventStream):  # proxies use the connection again once they have the head
            reply = Reply(200, headers=_SSE_HEADERS)
        await _send(send, reply, request_id)
        metrics = telemetry.metrics()
        duration = time.perf_counter() - started
        metrics.requests.labels(self.function.name, str(reply.status)).observe(duration)
        return None

    async def _answer(self, request: Request) -> Reply | EventStream:
        match self.function:
            case EventFunction() if request.method == "POST":
                return await deliver(self.function, request, self.resources, self.work)
            case HttpFunction():
                return await respond(self.function, request, self.resources)
            case EventFunction():
                return Reply(405, headers={"allow": "POST"})
            case _:
                missing = NotFound("NOT_FOUND", "This function takes no calls.")
                return problem(missing, instance=request.path, request_id=request.request_id)

    def _operational(self, path: str) -> Reply:
        if path == "/metrics":
            return Reply(200, telemetry.metrics().exposition(), {"content-type": "text/plain; version=0.0.4"})
        good, text = self.alive() if path == "/health/live" else self.ready()
        return Reply(200 if good else 503, text.encode(), {"content-type": "text/plain"})

    async def _stream(self, stream: EventStream, receive: Receive, send: Send, request_id: str) -> None:
        streaming = asyncio.current_task()
        assert streaming

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            streaming.cancel()

        watcher = asyncio.create_task(watch())
        metrics = telemetry.metrics()
        metrics.streams.inc()
        self.work.streams.add(streaming)
        try:
            await send(_start(200, _SSE_HEADERS, request_id))
            async for frame in stream.frames:
                await send({"type": "http.response.body", "body": frame, "more_body": True})
        except asyncio.CancelledError:
            # The client has gone, or this instance stops: then the client comes back with Last-Event-ID.
            if not (watcher.done() or self.resources.stopping.is_set()):
                raise
        finally:
            self.work.streams.discard(streaming)
            watcher.cancel()
            metrics.streams.dec()
        await send({"type": "http.response.body", "body": b""})


_SSE_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}


def _start(status: int, headers: dict[str, str], request_id: str) -> dict[str, Any]:
    encoded = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [*encoded, (b"x-request-id", request_id.encode("latin-1"))],
    }


async def _send(send: Send, reply: Reply, request_id: str) -> None:
    headers = {**reply.headers, "content-length": str(len(reply.body))} if reply.status != 204 else {}
    start = _start(reply.status, {**reply.headers, **headers}, request_id)
    start["headers"] += [(b"set-cookie", cookie.encode("latin-1")) for cookie in reply.cookies]
    await send(start)
    await send({"type": "http.response.body", "body": reply.body})


async def _read(receive: Receive, headers: dict[str, str], limit: int) -> bytes:
    declared = headers.get("content-length", "0")
    too_large = TooLarge("BODY_TOO_LARGE", f"The body may have {limit} bytes at most.")
    if not declared.isdigit():
        raise Invalid("CONTENT_LENGTH_INVALID", "Content-Length must be a number.")
    if int(declared) > limit:
        raise too_large
    body = b""
    while True:  # until the body ends, which the limit bounds
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Unavailable("the caller went away")
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > limit:
            raise too_large
        if not message.get("more_body"):
            return body
