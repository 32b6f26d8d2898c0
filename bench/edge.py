"""The edge alone: CPU of Envoy a request, and streams held at once, before an upstream that answers at once.

Its configuration is that of all routes, as on one machine, with limits that nobody reaches. The upstream is an Envoy
too (for requests) or a small server in a process of its own (for streams), so that the CPU is the edge's alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from bench import plots
from bench.report import table
from edge.bootstrap import bootstrap
from edge.fields import header, manager, socket
from edge.table import EdgeRoute, declared
from embedded.openfiles import raise_limit
from embedded.servers.envoy import Envoy
from embedded.servers.process import comes_up, end, free_port
from embedded.supervisor import edge
from embedded.supervisor.options import Options
from embedded.supervisor.ready import ask

ORIGIN = "https://eco2.example"
JOB = "/api/v1/scan/7c9e6679-7425-40de-944b-e07fc1f90ae7"
OPEN_AT_ONCE = 100
_LOGIN = f"cookie: s_access={'t' * 700}\r\n"
_ACROSS = f"origin: {ORIGIN}\r\n"
REQUESTS = {
    "open GET": "GET /api/v1/scan/categories HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
    "GET with login, across origins": f"GET {JOB}/result HTTP/1.1\r\nhost: 127.0.0.1\r\n{_LOGIN}{_ACROSS}\r\n",
    "POST of 100 bytes with login and limit, across origins": (
        f"POST /api/v1/scan HTTP/1.1\r\nhost: 127.0.0.1\r\n{_LOGIN}{_ACROSS}content-length: 100\r\n\r\n{'x' * 100}"
    ),
}


def routes() -> list[EdgeRoute]:
    """Those of all functions; limits are counted, and never reached."""
    return [replace(row, auth=_is_checked(row), limit=row.limit and "1000000/1") for row in declared()]


def _is_checked(row: EdgeRoute) -> bool:
    return row.auth and row.path != "/api/v1/scan/categories"


@contextmanager
def upstream(folder: Path) -> Iterator[int]:
    """The port of an Envoy that answers everything at once, checks included."""
    port = free_port()
    answer = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": json.dumps({"answer": "x" * 200})}},
        "response_headers_to_add": [
            header("x-user-id", "6f1c0000-0000-4000-8000-000000000001"),
            header("content-type", "application/json"),
        ],
    }
    serving = manager("upstream", {"name": "all", "domains": ["*"], "routes": [answer]}, [])
    listener = {
        "name": "upstream",
        "address": socket("127.0.0.1", port),
        "filter_chains": [{"filters": [serving]}],
    }
    configuration = {"static_resources": {"listeners": [listener]}}
    server = Envoy(folder / "upstream.json", folder / "upstream.log", port, configuration)
    server.start()
    try:
        yield port
    finally:
        server.stop()


@contextmanager
def running(folder: Path, behind: int) -> Iterator[Envoy]:
    """The edge before the port `behind`."""
    at = edge.site(free_port(), ("127.0.0.1", behind), {}, ("127.0.0.1", behind), Options(folder))
    configuration = bootstrap(routes(), replace(at, address_limit=(1_000_000, 1)))
    settings = {"ECO2_HOSTS": "127.0.0.1", "ECO2_CORS_ORIGINS": ORIGIN}
    server = Envoy(folder / "edge.json", folder / "edge.log", at.port, configuration, settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


async def asked(port: int, request: bytes, times: int) -> None:
    """Ask so often over one connection. Raises RuntimeError when the answer is not 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(times):
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(f"the edge answers {head.splitlines()[0].decode()}")
        await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
    writer.close()
    await writer.wait_closed()


async def cost(process: psutil.Process, port: int, text: str, connections: int, times: int) -> float:
    """Microseconds of CPU a request."""
    request = text.encode()
    await asyncio.gather(*(asked(port, request, times // 10 + 1) for _ in range(connections)))
    before = process.cpu_times()
    await asyncio.gather(*(asked(port, request, times) for _ in range(connections)))
    after = process.cpu_times()
    spent = after.user - before.user + after.system - before.system
    return spent / (connections * times) * 1e6


def requests(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Microseconds of CPU by kind of request: the smallest of several rounds, which others disturb least."""
    with upstream(folder) as behind, running(folder, behind) as server:
        assert server.process
        process = psutil.Process(server.process.pid)
        rounds = [
            [
                asyncio.run(cost(process, server.port, text, options.connections, options.times))
                for text in REQUESTS.values()
            ]
            for _ in range(options.rounds)
        ]
    return {kind: min(each) for kind, each in zip(REQUESTS, zip(*rounds, strict=True), strict=True)}


async def streams_upstream(port: int) -> None:
    """A server whose every answer is a stream: an event at once, and one more when all are open (SIGTERM ends it)."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"auth-authorize" in head or b"/api/v1/stream" not in head:  # a check has the stream's path
            writer.write(b"HTTP/1.1 200 OK\r\nx-user-id: u\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            for other in writers if b"/tell" in head else ():
                other.write(b"e\r\nevent: done\n\n\n\r\n")
            writer.close()
            return
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        writer.write(b"10\r\nevent: queued\n\n\n\r\n")
        writers.append(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


async def held(port: int, behind: int, count: int) -> int:
    """How many of `count` streams got both their events."""
    opened: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    request = f"GET /api/v1/stream?job_id=1 HTTP/1.1\r\nhost: 127.0.0.1\r\n{_LOGIN}\r\n".encode()

    async def opening() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        opened.append((reader, writer))
        await reader.readuntil(b"queued")

    for first in range(0, count, OPEN_AT_ONCE):
        some = range(first, min(first + OPEN_AT_ONCE, count))
        async with asyncio.timeout(60):
            await asyncio.gather(*(opening() for _ in some), return_exceptions=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", behind)
    writer.write(b"GET /tell HTTP/1.1\r\n\r\n")
    await reader.read()
    writer.close()
    told = await asyncio.gather(*(_told(reader) for reader, _ in opened))
    for _, writer in opened:
        writer.close()
    return sum(told)


async def _told(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(60):
            await reader.readuntil(b"done")
    except (TimeoutError, asyncio.IncompleteReadError, OSError):
        return False
    return True


def streams(folder: Path, count: int) -> dict[str, Any]:
    """Open so many streams through the edge; what came of them, and the edge's memory meanwhile."""
    raise_limit()
    behind = free_port()
    command = [sys.executable, "-m", "bench.edge", "--serve-streams", str(behind)]
    with subprocess.Popen(command) as server:
        try:
            if not comes_up(server, lambda: not asyncio.run(ask(("127.0.0.1", behind))), 20):
                raise SystemExit("the server of streams did not start")
            with running(folder, behind) as envoy:
                assert envoy.process
                process = psutil.Process(envoy.process.pid)
                whole = asyncio.run(held(envoy.port, behind, count))
                rss = process.memory_info().rss
        finally:
            end(server)
    return {"streams": count, "told everything": whole, "edge RSS MiB": round(rss / 2**20)}


def draw(folder: Path, found: Mapping[str, float]) -> None:
    """Write edge.svg: what each kind of request costs."""
    bars = plots.columns("CPU of the edge", "µs a request", list(found), {"": list(found.values())})
    plots.save(folder / "edge.svg", bars)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.edge", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--times", type=int, default=250, help="requests of each connection a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--streams", type=int, help="open so many streams instead")
    parser.add_argument("--serve-streams", type=int, help=argparse.SUPPRESS)
    plots.plots_option(parser)
    options = parser.parse_args()
    if options.serve_streams:
        raise_limit()
        asyncio.run(streams_upstream(options.serve_streams))
        return 0
    with tempfile.TemporaryDirectory(prefix="eco2-bench-") as name:
        folder = Path(name)
        if options.streams:
            figures = streams(folder, options.streams)
            print(figures)
            return int(figures["told everything"] < options.streams)
        found = requests(folder, options)
        rows = [(kind, f"{cost_us:.0f}") for kind, cost_us in found.items()]
        print(table(rows, ["µs of CPU a request", "edge"]))
    if options.plots:
        draw(options.plots, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
