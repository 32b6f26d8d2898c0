"""The functions of one process: their applications, what they share, and which one a request is for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from functools import cache

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from functions.runtime.application import Application
from functions.runtime.declaration import Function
from functions.runtime.resources import Resources
from functions.runtime.work import Work

log = logging.getLogger(__name__)


class Host:
    """An ASGI application of several functions, told apart by the Host header's first label, as Knative's ingress does.

    One function alone needs no Host header.
    """

    def __init__(self, functions: Iterable[Function] = (), resources: Resources | None = None) -> None:
        self.resources, self.work = resources or Resources(), Work()
        self.resources.cancel = self.work.cancel
        self.applications: dict[str, Application] = {}
        for function in functions:
            self.application(function)

    def application(self, function: Function) -> Application:
        """The process's one application of `function`."""
        if function.name not in self.applications:
            self.applications[function.name] = Application(function, self.resources, self.work)
        return self.applications[function.name]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif application := self._named(scope):
            await application.handle(scope, receive, send)
        else:
            # A broker tries again after 404: right while a rollout has not brought the function yet.
            await Response(status_code=404)(scope, receive, send)

    def _named(self, scope: Scope) -> Application | None:
        first = next(iter(self.applications.values()))
        if len(self.applications) == 1 or scope["path"].startswith("/health/") or scope["path"] == "/metrics":
            return first
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        return self.applications.get(host.partition(":")[0].partition(".")[0])

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        for application in self.applications.values():
            application.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for application in self.applications.values():
            await application.stop()
        await self.resources.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def stop(self, after_s: float) -> None:
        """End streams, give work in hand `after_s` to finish, then hand it back to the broker."""
        self.resources.stop()
        await asyncio.sleep(after_s)
        log.warning("handing back %d pieces of work", len(self.work))
        self.work.stop()


@cache
def shared() -> Host:
    """The host of a process that others start: functions-framework, func's scaffold."""
    return Host()
