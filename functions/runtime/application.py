"""One function as an ASGI application: the object that `func`'s scaffold, functions-framework and our host all use."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from functions.runtime import telemetry
from functions.runtime.binding import services
from functions.runtime.body import bounded
from functions.runtime.declaration import WAKE, BackgroundFunction, EventFunction, Function, HttpFunction
from functions.runtime.delivery import MAX_RECORDED_BYTES, deliver
from functions.runtime.errors import FunctionError, NotFound, Outside
from functions.runtime.http import respond
from functions.runtime.problems import problem
from functions.runtime.resources import Resources
from functions.runtime.work import Work
from process.inside import Inside
from process.settings import ProcessSettings

log = logging.getLogger(__name__)
RESTART_WAIT_S = 1.0
WARM_AFTER_S = 0.1  # being ready comes first; a call that comes earlier opens what it needs by itself


class Application:
    """The application of `function`, over the process's resources and work in hand."""

    def __init__(self, function: Function, resources: Resources, work: Work) -> None:
        self.function, self.resources, self.work = function, resources, work
        self._inside = Inside(resources.settings(ProcessSettings))
        self._background: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None

    def start(self, _config: object = None) -> None:
        """Open connections in the background, so that being ready does not wait for them.

        Not async, in a running loop all the same: func's scaffold calls it without awaiting it.
        """
        if self._warming is None:
            telemetry.answering_since()
            self._warming = asyncio.create_task(self._warm(), name=f"warm {self.function.name}")
        if self._background is None and isinstance(self.function, BackgroundFunction):
            self._background = asyncio.create_task(self._run(), name=self.function.name)

    async def _warm(self) -> None:
        await asyncio.sleep(WARM_AFTER_S)
        telemetry.metrics()
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
        """Whether the process should go on running."""
        return True, "alive"

    def ready(self) -> tuple[bool, str]:
        """Whether calls may come now."""
        return not self.resources.stopping.is_set(), "ready"

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request (ASGI 3)."""
        started = time.perf_counter()
        if self._warming is None:  # no lifespan: under functions-framework or func's scaffold
            self.start()
        request_id = _request_id(scope)
        path: str = scope["path"]
        operational = path.startswith("/health/") or path in ("/metrics", WAKE)
        if operational:
            response = self._operational(path)
        elif self._inside.admits(path, scope["headers"]):
            response = await self._response(scope, receive)
        else:
            response = problem(
                Outside("OUTSIDE", "Functions are called by the edge and the broker."), Request(scope)
            )
        response.raw_headers.append((b"x-request-id", request_id.encode("latin-1")))
        if response.media_type == "text/event-stream":  # how long it is open is no duration of a call
            with telemetry.metrics().streams.track_inprogress():
                return await response(scope, receive, send)
        await response(scope, receive, send)
        if not operational:
            duration = time.perf_counter() - started
            calls = telemetry.metrics().requests
            calls.labels(self.function.name, str(response.status_code)).observe(duration)
        return None

    async def _response(self, scope: Scope, receive: Receive) -> Response:
        most = self.function.max_body if isinstance(self.function, HttpFunction) else MAX_RECORDED_BYTES
        try:
            request = bounded(scope, receive, most)
            await request.body()
        except FunctionError as error:
            return problem(error, Request(scope))
        except ClientDisconnect:
            return Response(status_code=400)  # which nobody reads
        return await self._answer(request)

    async def _answer(self, request: Request) -> Response:
        match self.function:
            case EventFunction() if request.method == "POST":
                return await deliver(self.function, request, self.resources, self.work)
            case HttpFunction():
                return await respond(self.function, request, self.resources)
            case EventFunction():
                return Response(status_code=405, headers={"allow": "POST"})
            case _:
                return problem(NotFound("NOT_FOUND", "This function takes no calls."), request)

    def _operational(self, path: str) -> Response:
        if path == "/metrics":
            return Response(telemetry.metrics().exposition(), media_type="text/plain; version=0.0.4")
        if path == WAKE:  # that the process runs is all that was wanted
            return Response(status_code=204)
        good, text = self.alive() if path == "/health/live" else self.ready()
        return PlainTextResponse(text, 200 if good else 503)


def _request_id(scope: Scope) -> str:
    """The request's id: the one that the edge gave it, else a new one, which the function then finds in the headers."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return str(value.decode("latin-1"))
    made = secrets.token_hex(8)
    scope["headers"] = [*scope["headers"], (b"x-request-id", made.encode())]
    return made
