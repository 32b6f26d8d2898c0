"""The benchmark of the brokers alone: events a second and CPU an event, from ingress to subscriber.

Every event that is posted is delivered, answered with a second event, and that one is delivered too. With `--beside`
the brokers of another checkout take turns with ours in one run, since the machine itself changes more from run to
run than a change does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import uvloop
from starlette.requests import Request
from starlette.responses import Response
from uvicorn.server import Server

from bench import plots
from bench.database import database
from bench.launch import stop, wait_ready
from embedded.servers.process import free_port
from embedded.servers.rabbitmq import RabbitMQ
from eventing.cloudevent import CloudEvent
from eventing.sender import Sender
from process.server import configuration

HERE = Path(__file__).resolve().parents[1]
START_S, ANSWER_S = 60.0, 30.0
POSTED = CloudEvent(
    id="0",
    source="/eco2/bench",
    type="eco2.bench.posted",
    subject=str(uuid.uuid4()),
    time="2026-01-31T09:30:00Z",
    datacontenttype="application/json",
    extensions={
        "userid": str(uuid.uuid4()),
        "shard": "1",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    },
    data=json.dumps({"text": "x" * 700}).encode(),
)


@dataclass
class Subscriber:
    """A subscriber that answers a posted event with another and counts the arrivals of those."""

    expected: int = 0
    seen: set[str] = field(default_factory=set)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        await request.body()
        id = request.headers["ce-id"]
        answer = Response(status_code=202)
        if request.headers["ce-type"] == POSTED.type:
            headers, body = replace(POSTED, id=f"{id}-answer", type="eco2.bench.answered").to_binary()
            answer = Response(body, headers=headers)
        else:
            self.seen.add(id)
            if len(self.seen) == self.expected:
                self.done.set()
        await answer(scope, receive, send)

    def expect(self, count: int) -> None:
        """Start to count anew."""
        self.expected, self.seen, self.done = count, set(), asyncio.Event()


@contextlib.asynccontextmanager
async def serving(subscriber: Subscriber, port: int) -> AsyncIterator[None]:
    """Serve the subscriber on loopback during the block."""
    server = Server(configuration(subscriber))
    with socket.create_server(("127.0.0.1", port)) as listening:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        yield
        server.should_exit = True
        await task


@contextlib.contextmanager
def broker(kind: str, tree: Path, store: str, subscriber: int) -> Iterator[tuple[int, psutil.Process]]:
    """Run a broker of the checkout `tree` during the block, with a trigger for either event; gives port and process."""
    own = tree / ".venv" / "bin" / "python"
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        triggers = Path(folder) / "triggers.json"
        triggers.write_text(json.dumps([_trigger(name, subscriber) for name in ("posted", "answered")]))
        where = ["--database-url" if kind == "embedded" else "--amqp-url", store]
        command = [str(own) if own.exists() else sys.executable, "-m", f"brokers.{kind}", "--port", str(port)]
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--triggers", str(triggers), *where], cwd=tree, stdout=log, stderr=log,
                env=os.environ | {"PYTHONPATH": str(tree)}, start_new_session=True,
            )  # fmt: skip
        try:
            if not wait_ready(process, port, START_S):
                raise SystemExit((Path(folder) / "log").read_text()[-2000:])
            yield port, psutil.Process(process.pid)
        finally:
            stop(process)


def _trigger(name: str, port: int) -> dict[str, Any]:
    return {
        "name": name,
        "filter": {"type": f"eco2.bench.{name}"},
        "subscriber": f"http://127.0.0.1:{port}/",
        "headers": {"Host": f"bench-{name}"},
        "retry": 2,
        "backoff_delay_s": 0.1,
        "backoff_policy": "exponential",
        "timeout_s": 20,
        "dead_letter_sink": None,
    }


async def measure(
    port: int, process: psutil.Process, subscriber: Subscriber, events: int, at_once: int
) -> list[float]:
    """Events a second and milliseconds of the broker's CPU an event, both events counted."""
    sender = Sender(f"http://127.0.0.1:{port}/", connections=at_once)
    numbers = itertools.count()

    async def post(upto: int) -> None:
        while (number := next(numbers)) < upto:
            headers, body = replace(POSTED, id=str(number)).to_binary()
            answer = await sender.post(headers, body, ANSWER_S)
            if answer.status != 202:
                raise SystemExit(f"the broker answered {answer.status}: {answer.body[:200]!r}")

    async def run(upto: int) -> None:
        subscriber.expect(upto)
        await asyncio.gather(*(post(upto) for _ in range(at_once)))
        await asyncio.wait_for(subscriber.done.wait(), ANSWER_S)

    await run(events // 10)
    numbers = itertools.count()
    used, began = sum(process.cpu_times()[:2]), time.monotonic()
    await run(events)
    seconds = time.monotonic() - began
    used = sum(process.cpu_times()[:2]) - used
    await sender.close()
    return [2 * events / seconds, used * 1000 / (2 * events)]


Compared = dict[tuple[str, Path], tuple[float, float]]
"""Events a second and milliseconds of CPU an event, by broker and checkout."""


async def compare(options: argparse.Namespace, stores: dict[str, str]) -> Compared:
    """Print a line for each broker and checkout: medians over the rounds, which are given back too."""
    trees, compared = [HERE, *options.beside], Compared()
    subscriber, port = Subscriber(), free_port()
    async with serving(subscriber, port):
        for kind in options.broker:
            found: dict[Path, list[list[float]]] = {tree: [] for tree in trees}
            for _ in range(options.rounds):
                for tree in trees:
                    with broker(kind, tree, stores[kind], port) as (ingress, process):
                        found[tree].append(
                            await measure(ingress, process, subscriber, options.events, options.at_once)
                        )
            for tree, rounds in found.items():
                rate, cpu = (statistics.median(values) for values in zip(*rounds, strict=True))
                compared[kind, tree] = (rate, cpu)
                rates = " ".join(f"{each[0]:.0f}" for each in rounds)
                print(
                    f"{kind:9} {rate:7.0f} events/s {cpu:6.3f} ms CPU an event  ({rates})  {tree}", flush=True
                )
    return compared


def draw(folder: Path, compared: Compared) -> None:
    """Write broker.svg: events a second and CPU an event, by broker, a colour for each checkout."""
    kinds, trees = (
        list(dict.fromkeys(kind for kind, _ in compared)),
        list(dict.fromkeys(tree for _, tree in compared)),
    )
    rates, costs = (
        {tree.name: [compared[kind, tree][which] for kind in kinds] for tree in trees} for which in (0, 1)
    )
    plots.save(
        folder / "broker.svg",
        plots.columns("A broker alone", "events/s", kinds, rates),
        plots.columns("CPU of its process", "ms an event", kinds, costs),
    )


def main() -> None:
    """Start what the brokers stand on, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--broker", nargs="+", choices=["embedded", "rabbitmq"], default=["embedded", "rabbitmq"]
    )
    parser.add_argument("--beside", nargs="*", type=Path, default=[], metavar="CHECKOUT")
    parser.add_argument("--events", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=64)
    plots.plots_option(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stores = {}
        if "embedded" in options.broker:
            stores["embedded"] = stack.enter_context(database()).url
        if "rabbitmq" in options.broker:
            rabbitmq = RabbitMQ(Path(folder) / "rabbitmq")
            rabbitmq.start()
            stack.callback(rabbitmq.stop)
            stores["rabbitmq"] = rabbitmq.url
        compared = uvloop.run(compare(options, stores))
    if options.plots:
        draw(options.plots, compared)


if __name__ == "__main__":
    main()
