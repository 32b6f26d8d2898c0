"""The progress relay alone – Valkey, router, gateway, each a process – without edge, login and jobs."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.launch import NotReadyError, free_port, stop, wait_ready

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from eventing.progress.events import Progress

DOMAIN = "scan"
TIMEOUT_S = 10.0  # of a Redis command; above the router's blocking read
HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]


@dataclass(frozen=True, slots=True)
class Relay:
    """`url` serves /events/{job_id}; `redis_url` takes what is published."""

    url: str
    redis_url: str


@contextlib.contextmanager
def relay(timeout_s: float = 30.0) -> Iterator[Relay]:
    """A running relay; its processes are children of this one. Raises NotReadyError."""
    from embedded.servers import Valkey

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


class Application:
    """GET /events/{job_id} by the gateway, and GET /health/ready; bare ASGI as our functions are."""

    def __init__(self, redis_url: str) -> None:
        from eventing.progress.gateway import Gateway

        client = redis(redis_url)
        self.gateway = Gateway(client, client, DOMAIN)

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        if scope["path"] == "/health/ready":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        sending = asyncio.create_task(self._send(scope["path"].rpartition("/")[2], send))
        leaving = asyncio.create_task(_left(receive))
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        for task in (sending, leaving):
            task.cancel()

    async def _send(self, job_id: str, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        from eventing.progress.gateway import encode

        async for event in self.gateway.follow(job_id, after=None, history=_no_truth):
            await send({"type": "http.response.body", "body": encode(event), "more_body": True})
        await send({"type": "http.response.body"})


async def _left(receive: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    for _ in range(1000):
        if (await receive())["type"] == "http.disconnect":
            return


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
                Application(options.redis),
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
