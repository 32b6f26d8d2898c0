"""Serve functions over HTTP: one process, one port, any number of functions told apart by the Host header."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from types import FrameType
from typing import Any

from functions.runtime.asgi import App, Receive, Scope, Send
from functions.runtime.declaration import Function
from functions.runtime.lean_uvicorn import Config, Server
from functions.runtime.reply import Reply
from functions.runtime.resources import Resources
from functions.runtime.settings import RuntimeSettings
from functions.runtime.telemetry import configure_logging
from process.settings import ProcessSettings

log = logging.getLogger(__name__)


class Host:
    """Picks the function by the Host header's first label, as Knative's ingress does; one alone needs none."""

    def __init__(self, functions: list[Function]) -> None:
        self.apps = {function.name: App.shared(function) for function in functions}
        self._only = next(iter(self.apps.values())) if len(self.apps) == 1 else None
        self._any = next(iter(self.apps.values()))

    @property
    def resources(self) -> Resources:
        """What the functions share."""
        return self._any.resources

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._pick(scope).handle(scope, receive, send)

    def _pick(self, scope: Scope) -> App:
        if self._only:
            return self._only
        host = next((v for k, v in scope["headers"] if k == b"host"), b"").decode("latin-1")
        return self.apps.get(host.partition(":")[0].partition(".")[0]) or _Unknown(self._any)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        for app in self.apps.values():
            app.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for app in self.apps.values():
            await app.stop()
        await self.resources.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def hand_back(self, after_s: float) -> None:
        """End streams, give work in hand `after_s` to finish, then hand it back to the broker."""
        self._any.work.end_streams()
        await asyncio.sleep(after_s)
        log.warning("handing back %d pieces of work", len(self._any.work))
        self._any.work.stop()


class _Unknown(App):
    """Answers for a Host that names no function here (health is the process's own)."""

    def __init__(self, app: App) -> None:
        super().__init__(app.function, app.resources, app.work)
        self._warming = app._warming

    async def _answer(self, _request: Any) -> Reply:
        # 404 is retried by a broker: right while a rollout has not brought the function yet.
        return Reply(404)


class GracefulServer(Server):
    """uvicorn that tells the functions first when it shall stop."""

    def __init__(self, config: Config, host: Host) -> None:
        super().__init__(config)
        self._host = host
        self._handing_back: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On SIGTERM and SIGINT: streams end, work gets its grace."""
        resources = self._host.resources
        if not resources.stopping.is_set():
            resources.stopping.set()
            grace = resources.settings(RuntimeSettings).grace_s
            self._handing_back = asyncio.get_event_loop().create_task(self._host.hand_back(grace))
        super().handle_exit(sig, frame)


def serve(functions: list[Function], *, port: int | None = None, fd: int | None = None) -> None:
    """Serve until SIGTERM. Give a port, or the file descriptor of a listening socket."""
    host = Host(functions)
    configure_logging(host.resources.settings(ProcessSettings).log_level)
    config = Config(
        host,
        host="0.0.0.0",  # noqa: S104 - a pod is reached from outside; the embedded platform gives sockets
        port=port or 8080,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_config=None,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(host.resources.settings(RuntimeSettings).grace_s) + 5,
        backlog=4096,
    )
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Thousands of requests in flight are no garbage: look for cycles less often, and never among the imports.
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()
    GracefulServer(config, host).run(sockets=[socket.socket(fileno=fd)] if fd is not None else None)
