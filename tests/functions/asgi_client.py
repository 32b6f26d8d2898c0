"""Call functions in this process as ASGI applications, with real resources behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from eventing.catalogue import EventData, to_event
from eventing.cloudevent import CloudEvent, decode
from functions.runtime.application import Application
from functions.runtime.decorators import Declared
from functions.runtime.resources import Resources
from functions.runtime.work import Work


class Functions:
    """Functions over one set of resources, with the settings of `environ`.

    `user` is the identity that the edge would have found.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.resources = Resources(environ)
        self._work = Work()
        self._apps: dict[str, Application] = {}
        self.resources.cancel = self._work.cancel

    async def call(
        self,
        function: Declared,
        method: str,
        path: str,
        *,
        user: str | None = None,
        provider: str = "local",
        headers: dict[str, str] | None = None,
        **rest: Any,
    ) -> httpx.Response:
        """One request; redirects are not followed."""
        name = function.declaration.name
        if name not in self._apps:
            self._apps[name] = Application(function.declaration, self.resources, self._work)
        identity = {"x-user-id": user, "x-auth-provider": provider} if user else {}
        transport = httpx.ASGITransport(app=self._apps[name].handle)
        async with httpx.AsyncClient(
            transport=transport, base_url=f"http://{name}", timeout=10, trust_env=False
        ) as client:
            all_headers = httpx.Headers(headers)  # of which a name may come more than once
            all_headers.update(identity)
            return await client.request(method, path, headers=all_headers, **rest)

    async def deliver(self, function: Declared, data: EventData | CloudEvent) -> httpx.Response:
        """One delivery of an event, as a broker makes it."""
        event = data if isinstance(data, CloudEvent) else to_event(data, source="/eco2/tests")
        headers, body = event.to_binary()
        return await self.call(function, "POST", "/", headers=headers, content=body)

    async def close(self) -> None:
        """Stop what was started."""
        for app in self._apps.values():
            await app.stop()
        await self.resources.close()


@dataclass
class Sink:
    """A broker's ingress that keeps what it was given; `refusing` answers 500, as one without a disk does."""

    events: list[CloudEvent] = field(default_factory=list)
    refusing: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        body = await request.body()
        if not self.refusing:
            self.events.append(decode(dict(request.headers.items()), body))
        await Response(status_code=500 if self.refusing else 202)(scope, receive, send)
