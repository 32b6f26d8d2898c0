"""uvicorn as every process of the platform runs it."""

from __future__ import annotations

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
