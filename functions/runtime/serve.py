"""A process that serves functions over HTTP: one port, any number of functions."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Sequence
from types import FrameType

from uvicorn import Config, Server

from functions.runtime.declaration import Function
from functions.runtime.host import Host
from functions.runtime.settings import RuntimeSettings
from process import logs, tracing
from process.server import configuration, inherited
from process.settings import ProcessSettings


class GracefulServer(Server):
    """uvicorn that tells the functions first when it shall stop."""

    def __init__(self, config: Config, host: Host) -> None:
        super().__init__(config)
        self._host = host
        self._stopping: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On SIGTERM and SIGINT: streams end, work gets its grace."""
        if self._stopping is None:
            grace_s = self._host.resources.settings(RuntimeSettings).grace_s
            self._stopping = asyncio.get_event_loop().create_task(self._host.stop(grace_s))
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End everything, then send the last spans: after this the signal is raised again, and ends the process."""
        await super().shutdown(sockets)
        await asyncio.to_thread(tracing.shut_down)


def serve(functions: list[Function], *, port: int | None = None, fds: Sequence[int] = ()) -> None:
    """Serve until SIGTERM. Give a port, or file descriptors of listening sockets."""
    host = Host(functions)
    resources = host.resources
    logs.configure(resources.settings(ProcessSettings).log_level)
    tracing.configure(functions[0].name if len(functions) == 1 else "eco2-functions")
    config = configuration(
        host,
        lifespan=True,
        grace_s=resources.settings(RuntimeSettings).grace_s + 5,
        host="0.0.0.0",  # noqa: S104 - a pod is reached from outside; the embedded platform gives sockets
        port=port or 8080,
    )
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Thousands of requests in flight are no garbage: look for cycles less often, and never among the imports.
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()
    GracefulServer(config, host).run(sockets=inherited(*fds))
