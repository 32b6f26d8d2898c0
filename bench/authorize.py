"""The check of a login alone: how many a second two processes do, and how long one takes at a given rate.

Beside a function that does nothing, served in the same way: what is left between the two rows is the check. The
generator shares the machine with what it measures, so both rows are too low by the same.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import uvloop
from starlette.requests import Request
from starlette.responses import Response

from bench import plots
from bench.report import percentile, table
from bench.wire import KeptConnection
from embedded.servers.postgres import Postgres
from embedded.servers.valkey import Valkey
from embedded.supervisor.sockets import listen_together, port_of
from functions.auth.issuing import Issuing
from functions.auth.keys import KeyFolder, ensure_keys
from functions.auth.settings import AuthSettings
from functions.auth.tokens import Tokens
from functions.runtime import http_function
from functions.runtime.serve import serve
from process.inside import FIELD
from schemas.migrate import migrate

PROCESSES = 2
CONNECTIONS = 64
USERS = 200
TICK_S = 0.001
START_S = 60.0
SECRET = "of-the-bench-between-edge-and-function"
ANSWER_S = 20.0


@http_function("ANY /*", public=True)
async def nothing(request: Request) -> Response:  # noqa: ARG001 - it does nothing
    """Answer."""
    return Response()


@contextmanager
def served(command: Sequence[str], environment: dict[str, str]) -> Iterator[tuple[int, list[psutil.Process]]]:
    """The port and the processes of a function, whose listening sockets are handed down."""
    listeners = listen_together(PROCESSES)
    running = [
        subprocess.Popen(
            [sys.executable, "-m", *command, "--fd", str(listener.fileno())],
            pass_fds=[listener.fileno()],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        for listener in listeners
    ]
    try:
        yield port_of(listeners[0]), [psutil.Process(process.pid) for process in running]
    finally:
        for process in running:
            process.terminate()
            process.wait(30)
        for listener in listeners:
            listener.close()


@contextmanager
def stores(folder: Path) -> Iterator[dict[str, str]]:
    """Settings with a database, a Redis and signing keys."""
    postgres, valkey = Postgres(folder / "postgres"), Valkey(folder / "valkey", persistent=False)
    ensure_keys(folder / "keys")
    postgres.start()
    valkey.start()
    try:
        migrate(postgres.url)
        yield {
            "PATH": "/usr/bin:/bin",
            "ECO2_DATABASE_URL": postgres.url,
            "ECO2_REDIS_AUTH_URL": valkey.url,
            "ECO2_SIGNING_KEYS": str(folder / "keys"),
            "ECO2_INSIDE_SECRET": SECRET,
        }
    finally:
        valkey.stop()
        postgres.stop()


def checks(keys: Path) -> list[bytes]:
    """What the edge asks: a request of each of many users."""
    settings = AuthSettings()
    issuing = Issuing(Tokens(KeyFolder(keys).keys, issuer=settings.issuer, audience=settings.audience))
    texts = [issuing.issue("access", str(uuid4()), "local", str(uuid4()))[0] for _ in range(USERS)]
    return [
        f"GET /api/v1/users/me HTTP/1.1\r\nhost: auth-authorize\r\n{FIELD}: {SECRET}\r\n"
        f"cookie: s_access={text}\r\n\r\n".encode()
        for text in texts
    ]


async def connected(port: int) -> list[KeptConnection]:
    """Connections to the processes behind a port."""
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(KeptConnection, "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]


async def started(port: int, request: bytes) -> None:
    """Wait until every process has imported what it needs and passes a check. Raises RuntimeError or TimeoutError."""
    async with asyncio.timeout(START_S):
        for connection in await connected(port):
            while True:
                answer = await connection.exchange(request, None)
                if answer.status == 200:
                    break
                await asyncio.sleep(0.1)
            connection.close()


async def ask(connection: KeptConnection, request: bytes) -> None:
    """One check. Raises RuntimeError when it is not passed, TimeoutError when nothing comes."""
    async with asyncio.timeout(ANSWER_S):
        answer = await connection.exchange(request, None)
    if answer.status != 200:
        raise RuntimeError(f"answered {answer.status}, not 200: {answer.body[:200]!r}")


async def throughput(port: int, requests: Sequence[bytes], seconds: float) -> float:
    """Checks a second with every connection busy."""
    connections, turn = await connected(port), itertools.cycle(requests)
    end = time.perf_counter() + seconds

    async def busy(connection: KeptConnection) -> int:
        count = 0
        while time.perf_counter() < end:
            await ask(connection, next(turn))
            count += 1
        return count

    began = time.perf_counter()
    counts = await asyncio.gather(*map(busy, connections))
    rate = sum(counts) / (time.perf_counter() - began)
    for connection in connections:
        connection.close()
    return rate


async def latencies_ms(port: int, requests: Sequence[bytes], rate: float, seconds: float) -> list[float]:
    """How long checks take that are due at a rate, from the moment at which each is due."""
    free: asyncio.Queue[KeptConnection] = asyncio.Queue()
    for connection in await connected(port):
        free.put_nowait(connection)
    turn, found, asking = itertools.cycle(requests), list[float](), set[asyncio.Task[None]]()

    async def one(due: float) -> None:
        connection = await free.get()
        await ask(connection, next(turn))
        found.append((time.perf_counter() - due) * 1000)
        free.put_nowait(connection)

    began, sent = time.perf_counter(), 0
    while (now := time.perf_counter() - began) < seconds:
        for _ in range(int(now * rate) - sent):
            task = asyncio.create_task(one(began + sent / rate))
            asking.add(task)
            task.add_done_callback(asking.discard)
            sent += 1
        await asyncio.sleep(TICK_S)
    await asyncio.gather(*asking)
    return sorted(found)


@dataclass(frozen=True, slots=True)
class CheckFigures:
    """What a function does: checks a second, CPU of each, and milliseconds at the given rate, in ascending order."""

    name: str
    per_s: float
    cpu_us: float
    times_ms: Sequence[float]

    def row(self) -> tuple[str, ...]:
        """As it is printed."""
        middle, p99 = percentile(self.times_ms, 50), percentile(self.times_ms, 99)
        return (self.name, f"{self.per_s:,.0f}", f"{self.cpu_us:.0f}", f"{middle:.1f}", f"{p99:.1f}")


def measure(
    name: str, port: int, processes: list[psutil.Process], requests: list[bytes], o: argparse.Namespace
) -> CheckFigures:
    """Measure a function."""
    uvloop.run(started(port, requests[0]))
    uvloop.run(throughput(port, requests, 1.0))  # connections, verified tokens
    before = sum(sum(process.cpu_times()[:2]) for process in processes)
    rate = uvloop.run(throughput(port, requests, o.seconds))
    cpu_us = (sum(sum(process.cpu_times()[:2]) for process in processes) - before) / (rate * o.seconds) * 1e6
    return CheckFigures(name, rate, cpu_us, uvloop.run(latencies_ms(port, requests, o.rate, o.seconds)))


def draw(folder: Path, found: Sequence[CheckFigures], rate: float) -> None:
    """Write authorize.svg: checks a second, and how long they take at the rate; of several rounds the last."""
    last = {each.name: each for each in found}
    plots.save(
        folder / "authorize.svg",
        plots.columns(
            f"{PROCESSES} processes", "requests/s", list(last), {"": [each.per_s for each in last.values()]}
        ),
        plots.spread(
            f"At {rate:,.0f} requests/s", "ms", {name: each.times_ms for name, each in last.items()}
        ),
    )


def main() -> None:
    """Measure both and print them."""
    parser = argparse.ArgumentParser(prog="python -m bench.authorize", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rate", type=float, default=1000.0, help="checks a second for the times")
    parser.add_argument("--rounds", type=int, default=1, help="of both, in turn")
    parser.add_argument("--fd", type=int, help=argparse.SUPPRESS)  # serves `nothing`
    plots.plots_option(parser)
    options = parser.parse_args()
    if options.fd is not None:
        serve([nothing.declaration], fds=[options.fd])
        return
    commands = {
        "does nothing": ["bench.authorize"],
        "authorize": ["functions.runtime", "auth-authorize"],
    }
    found = []
    with tempfile.TemporaryDirectory(prefix="eco2-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user when we are root
        with stores(folder) as environment:
            requests = checks(folder / "keys")
            for _ in range(options.rounds):
                for function, command in commands.items():
                    with served(command, environment) as (port, processes):
                        found.append(measure(function, port, processes, requests, options))
    per_s = f"{options.rate:,.0f}/s"
    heads = ("function, 2 processes", "checks/s", "CPU µs", f"median ms at {per_s}", f"p99 ms at {per_s}")
    print(table([each.row() for each in found], heads))
    if options.plots:
        draw(options.plots, found, options.rate)


if __name__ == "__main__":
    main()
