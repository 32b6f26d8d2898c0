"""The edge process: `python -m embedded.edge --fd 5 --routes routes.json --upstream 127.0.0.1:4001 …`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import socket
from pathlib import Path
from types import FrameType

import uvicorn
import uvloop

from embedded import logs
from embedded.cors import Cors
from embedded.edge.app import Edge
from embedded.edge.authorize import FUNCTION, Authorizer, InProcess, OverHTTP
from embedded.edge.readiness import Readiness
from embedded.edge.routes import load, parse_limits
from embedded.edge.upstream import Upstream
from embedded.objects import ObjectStore
from embedded.openfiles import raise_limit
from embedded.signature import Key

_log = logging.getLogger("eco2.edge")
SPARE_FILES = 512


def options() -> argparse.Namespace:
    """The command line; origins and keys come from the environment (`ECO2_CORS_ORIGINS`, …)."""
    parser = argparse.ArgumentParser(prog="python -m embedded.edge", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="listening socket")
    parser.add_argument("--routes", type=Path, required=True, help="route table (JSON)")
    parser.add_argument("--upstream", action="append", required=True, metavar="HOST:PORT")
    parser.add_argument("--ready", action="append", default=[], metavar="NAME=HOST:PORT/PATH")
    parser.add_argument("--objects", type=Path, help="folder of the object store served at /objects")
    parser.add_argument("--authorize", choices=("inprocess", "http"), default="inprocess")
    parser.add_argument("--limits", default="", help="FUNCTION=REQUESTS/SECONDS,…; off: no limit")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds for requests to end on SIGTERM")
    return parser.parse_args()


def authorizer(kind: str, upstream: Upstream) -> Authorizer:
    """How to ask."""
    if kind == "http":
        return OverHTTP(upstream)
    from functions.runtime.host import shared
    from functions.runtime.registry import load as load_function

    return InProcess(shared().application(load_function(FUNCTION)).handle)


def build(arguments: argparse.Namespace) -> Edge:
    """The edge that the command line describes. Raises ValueError."""
    addresses = [address(text) for text in arguments.upstream]
    upstream = Upstream(addresses)
    local = os.environ.get("ECO2_ENV", "local") == "local"
    cors = Cors.of(os.environ.get("ECO2_CORS_ORIGINS", "").split(","), loopback=local)
    objects = None
    if arguments.objects:
        key = Key(os.environ["ECO2_OBJECTS_ACCESS_KEY"], os.environ["ECO2_OBJECTS_SECRET_KEY"])
        objects = ObjectStore(arguments.objects, key, cors, prefix="/objects")
    processes = {}
    for text in arguments.ready:
        name, _, where = text.partition("=")
        place, _, path = where.partition("/")
        processes[name] = (*address(place), f"/{path}")
    return Edge(
        routes=load(arguments.routes, parse_limits(arguments.limits)),
        upstream=upstream,
        authorizer=authorizer(arguments.authorize, upstream),
        cors=cors,
        readiness=Readiness(processes),
        objects=objects,
        most_open=max(64, (raise_limit() - SPARE_FILES) // 2),  # two for each: client and upstream
    )


def address(text: str) -> tuple[str, int]:
    """`host:port`. Raises ValueError."""
    host, _, port = text.rpartition(":")
    return host, int(port)


class Server(uvicorn.Server):
    """Ends the open streams as soon as it is told to stop; everything else may finish."""

    def __init__(self, config: uvicorn.Config, edge: Edge) -> None:
        super().__init__(config)
        self._edge = edge

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT."""
        asyncio.get_running_loop().call_soon(self._edge.drain)
        super().handle_exit(sig, frame)


async def serve(edge: Edge, listener: socket.socket, grace_s: float) -> None:
    """Serve until told to stop."""
    config = uvicorn.Config(
        edge,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        log_config=None,
        backlog=4096,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(grace_s) or 1,
    )
    await Server(config, edge).serve(sockets=[listener])
    edge.upstream.close()


def main() -> None:
    """Run the process."""
    arguments = options()
    logs.configure(os.environ.get("ECO2_LOG_LEVEL", "INFO"))
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    edge = build(arguments)
    _log.info("serving %d routes, at most %d requests at once", edge.routes.count, edge.most_open)
    uvloop.run(serve(edge, socket.socket(fileno=arguments.fd), arguments.grace))


if __name__ == "__main__":
    main()
