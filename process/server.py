"""uvicorn as every process of the platform runs it."""

from __future__ import annotations

import socket
from typing import Any

from uvicorn import Config

from process.protocol import Protocol

BACKLOG = 4096
KEEP_ALIVE_S = 75
"""Above the idle time after which Envoy and the dispatchers close: the client is the one to close."""


def configuration(app: Any, *, lifespan: bool = False, grace_s: float = 5.0, **more: Any) -> Config:
    """uvloop and httptools, no access log and no headers of its own; `more` are arguments of uvicorn's Config.

    grace_s: seconds that open connections get after SIGTERM.
    """
    return Config(
        app,
        interface="asgi3",
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on" if lifespan else "off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(grace_s),
        backlog=BACKLOG,
        **more,
    )


def inherited(*fds: int | None) -> list[socket.socket] | None:
    """The listening sockets behind these file descriptors, for uvicorn's `run`; None if there are none.

    uvicorn's own `fd` takes every socket for a Unix one, and a TCP connection then holds back an answer's last
    small packet until the one before is acknowledged (Nagle's algorithm), which is up to 40 ms.
    """
    return [socket.socket(fileno=fd) for fd in fds if fd is not None] or None
