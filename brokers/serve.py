"""The process around a broker: arguments, HTTP server, schedules, signals."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from brokers import schedules, watching
from brokers.errors import AlreadyRunning, InvalidTriggers, NotDurable
from brokers.ingress import Broker, Ingress
from brokers.metrics import BrokerMetrics
from brokers.settings import BrokerSettings
from brokers.trigger import Wiring, load
from process import logs, tracing
from process.inside import Inside, InsideOnly
from process.server import configuration
from process.settings import ProcessSettings, SettingsError, read


class RunningBroker(Broker, Protocol):
    """A broker as its process sees it."""

    async def start(self) -> None:
        """Begin to take and deliver events."""

    async def stop(self) -> None:
        """Let deliveries under way finish, then let go of everything."""


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser of the arguments that all brokers share."""
    parser = argparse.ArgumentParser(description=description)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int, help="listen on this loopback port")
    where.add_argument("--fd", type=int, help="serve the listening socket with this file descriptor")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--triggers", metavar="FILE", help="triggers and schedules (default: $ECO2_TRIGGERS)")
    parser.add_argument("--log-level", default="INFO")
    return parser


@dataclass(frozen=True, slots=True)
class Start:
    """What a broker is made of: the address of what keeps its events, and what it is told. `end` ends the process."""

    url: str
    options: argparse.Namespace
    wiring: Wiring
    metrics: BrokerMetrics
    end: Callable[[], None]


Make = Callable[[Start], RunningBroker]


def run(parser: argparse.ArgumentParser, store: str, make: Make) -> str | None:
    """Run a broker until SIGTERM or SIGINT; returns what went wrong, for sys.exit.

    store: the setting, and option, with the address of what keeps the events.
    """
    import uvloop

    option, variable = f"--{store.replace('_', '-')}", f"ECO2_{store.upper()}"
    parser.add_argument(option, help=f"default: ${variable}")
    options = parser.parse_args()
    try:
        url = getattr(options, store) or getattr(read(BrokerSettings, os.environ), store).get_secret_value()
    except SettingsError as error:
        return str(error)
    if not url:
        return f"give {option} or set {variable}"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)  # a connection for each event in flight
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard > 0 else soft, hard))
    logs.configure(options.log_level)
    tracing.configure("eco2-broker")
    try:
        wiring = load(options.triggers)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(url, options, wiring, make))
    except (AlreadyRunning, InvalidTriggers, NotDurable) as error:
        return str(error)
    finally:
        tracing.shut_down()
    return None


async def _serve(url: str, options: argparse.Namespace, wiring: Wiring, make: Make) -> None:
    from uvicorn.server import Server

    metrics = BrokerMetrics()
    server: Server | None = None

    def end() -> None:
        if server is not None:
            server.should_exit = True

    broker = make(Start(url, options, wiring, metrics, end))
    listening = _listening(options)
    inside = Inside(read(ProcessSettings, os.environ))
    server = Server(configuration(InsideOnly(Ingress(broker, metrics).app(), inside)))
    await broker.start()
    # A sixth of a busy broker's time went into looking for garbage among what is there to stay.
    gc.freeze()
    gc.set_threshold(10_000)
    # uvicorn raises the signal again when it is done; by then these are in force, and stopping goes on.
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: None)
    try:
        async with watching.watched(read(BrokerSettings, os.environ)), _emitting(wiring, broker):
            await server.serve(sockets=[listening])
    finally:
        await broker.stop()
        listening.close()


@contextlib.asynccontextmanager
async def _emitting(wiring: Wiring, broker: Broker) -> AsyncIterator[None]:
    task = asyncio.create_task(schedules.emit(wiring.schedules, broker))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _listening(options: argparse.Namespace) -> socket.socket:
    if options.fd is not None:
        return socket.socket(fileno=options.fd)
    bound = socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((options.host, options.port))
    return bound
