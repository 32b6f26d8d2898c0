"""Runs the progress relay alone – Valkey, router, gateway, each a process – without edge, login and jobs."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.launch import NotReadyError, stop, wait_ready
from embedded.servers.process import free_port

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from starlette.types import Receive, Scope, Send

    from eventing.progress.events import Progress

DOMAIN = "scan"
TIMEOUT_S = 10.0  # of a Redis command; above the router's blocking read


@dataclass(frozen=True, slots=True)
class Relay:
    """A running relay: `url` serves /events/{job_id}; `redis_url` takes what is published."""

    url: str
    redis_url: str


@contextlib.contextmanager
def relay(timeout_s: float = 30.0) -> Iterator[Relay]:
    """Run a relay; its processes are children of this one. Raises NotReadyError."""
    from embedded.servers.valkey import Valkey

    with tempfile.TemporaryDirectory(prefix="eco2-bench-", ignore_cleanup_errors=True) as directory:
        valkey = Valkey(Path(directory) / "valkey", persistent=False)
        valkey.start()
        port = free_port()
        command = [sys.executable, "-m", "bench.relay"]
        router = subprocess.Popen([*command, "router", "--redis", valkey.url])
        gateway = subprocess.Popen([*command, "gateway", "--redis", valkey.url, "--port", str(port)])
        try:
            if not wait_ready(gateway, port, timeout_s):
                raise NotReadyError("the gateway did not come up")
            yield Relay(f"http://127.0.0.1:{port}", valkey.url)
        finally:
            stop(gateway)
            stop(router)
            valkey.stop()


class RelayApplication:
    """GET /events/{job_id} by the gateway, and GET /health/ready; as our functions do."""

    def __init__(self, redis_url: str) -> None:
        from eventing.progress.gateway import Gateway

        client = redis(redis_url)
        self.gateway = Gateway(client, client, DOMAIN)

    async def __call__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        if scope["path"] == "/health/ready":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})
            return
        from sse_starlette import EventSourceResponse

        events = self.gateway.follow(scope["path"].rpartition("/")[2], after=None, history=_no_truth)
        await EventSourceResponse(events, ping=0, sep="\n")(scope, receive, send)


async def _no_truth() -> Sequence[Progress]:
    return ()


def redis(url: str) -> Redis:
    from redis.asyncio import Redis

    client: Redis = Redis.from_url(url, socket_timeout=TIMEOUT_S)
    return client


async def route(url: str) -> None:
    """Route until the process is stopped."""
    from eventing.progress.router import Router

    client = redis(url)
    await Router(client, client, [DOMAIN], consumer=f"bench-{os.getpid()}").run()


def main() -> None:
    import uvicorn
    import uvloop

    parser = argparse.ArgumentParser(prog="python -m bench.relay", description=__doc__)
    parser.add_argument("role", choices=("router", "gateway"))
    parser.add_argument("--redis", required=True)
    parser.add_argument("--port", type=int, default=8090)
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        if options.role == "router":
            uvloop.run(route(options.redis))
        else:
            uvicorn.run(
                RelayApplication(options.redis),
                host="127.0.0.1",
                port=options.port,
                loop="uvloop",
                http="httptools",
                lifespan="off",
                log_level="warning",
                backlog=4096,
                timeout_graceful_shutdown=1,
            )


if __name__ == "__main__":
    main()
