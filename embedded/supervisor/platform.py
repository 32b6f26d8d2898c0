"""The platform's processes and the order they start and stop in."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from time import monotonic, time

from edge.site import EdgeSite
from embedded import logs
from embedded.openfiles import raise_limit
from embedded.servers.envoy import HEALTH, Envoy
from embedded.servers.process import Greeting, Server, ServerStartError
from embedded.supervisor import edge, environment, given, prepared, stores
from embedded.supervisor.alive import Attention
from embedded.supervisor.child import Child, python, server_child
from embedded.supervisor.environment import Addresses
from embedded.supervisor.errors import CannotStartError, SupervisionLostError
from embedded.supervisor.home import Home
from embedded.supervisor.options import Options
from embedded.supervisor.ready import wait_ready
from embedded.supervisor.sockets import listen, listen_again, port_of, reserve
from embedded.supervisor.steps import ended, run
from embedded.supervisor.wires import Wires
from functions.images.settings import SHOWN
from process import inside

_log = logging.getLogger("eco2.supervisor")


class Platform:
    """One run. `report` gets short lines for the terminal."""

    def __init__(self, options: Options, report: Callable[[str], None]) -> None:
        self.options = options
        self.home = Home(options.home.resolve())
        self.report = report
        self.children: list[Child] = []
        self._attention = Attention(self.children)
        self.stopped = asyncio.Event()
        self._state: dict[str, object] = {}
        self._environment: dict[str, str] = {}
        self._public: socket.socket | None = None
        self._listeners: list[socket.socket] = []
        self._wires = Wires(self.home.folder, "")
        self._site: EdgeSite | None = None
        self._envoys: list[Envoy] = []
        self._lost: tuple[str, BaseException] | None = None

    async def run(self, on_ready: Callable[[str], None] = lambda _url: None) -> None:
        """Start, serve until SIGTERM, SIGINT, SIGHUP or `stopped`, stop.

        Raises CannotStartError, and SupervisionLostError when a child can't be looked after any more.
        """
        self.home.make()
        before = os.umask(0o077)  # what this process and its children write is its owner's
        try:
            await self._run(on_ready)
        finally:
            os.umask(before)
        if self._lost:
            raise SupervisionLostError(*self._lost)

    async def _run(self, on_ready: Callable[[str], None]) -> None:
        with self.home.lock():
            self.report(f"Eco² starts in {self.home.folder} …")
            loop = asyncio.get_running_loop()
            for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.add_signal_handler(signum, self._interrupted)
            folders = [self.home.folder / name for name in ("logs", "postgres", "valkey")]
            looking = [
                asyncio.create_task(task) for task in (logs.keep_bounded(folders), self._attention.pay())
            ]
            stopping = asyncio.create_task(self.stopped.wait())
            try:
                starting = asyncio.create_task(self._start())
                await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if starting.done():
                    on_ready(_started(starting))
                    await stopping
                else:
                    starting.cancel()
                    await asyncio.gather(starting, return_exceptions=True)
            finally:
                await ended(stopping, *looking)
                await self._stop()
                for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                    loop.remove_signal_handler(signum)

    def _interrupted(self) -> None:
        if self.stopped.is_set():  # asked twice: at once
            for child in self.children:
                child.kill()
        self.stopped.set()

    async def _start(self) -> str:
        began = monotonic()
        raise_limit()
        options, home = self.options, self.home
        edge.limits(options.environment)
        await given.check(options)
        self._public = reserve(options.port)
        hosts = listen_again(options.processes, (home.state() or {}).get("functions", ""))
        # They share a port, at which nobody knows whom a question reaches: each has another one of its own.
        owns = [listen() for _ in hosts]
        broker, simulated = listen(), listen() if options.model == "simulated" else None
        objects = listen() if options.serves_objects else None
        identity = listen() if options.local_providers else None
        self._listeners = [one for one in (*hosts, *owns, broker, simulated, objects, identity) if one]
        public = _url(self._public)
        self._state = {"pid": os.getpid(), "url": public, "started_at": time(), "broker": options.broker}
        secret = options.inside_secret or secrets.token_urlsafe(32)
        self._state |= {"model": options.model, "functions": inside.address(_url(hosts[0]), secret)}
        self._state["sink"] = inside.address(_url(broker), secret)
        self._state["simulated"] = _url(simulated) if simulated else ""
        self._wires = Wires(home.folder, _url(hosts[0]))
        wiring = asyncio.create_task(self._wires.make(environment.base(options), home.logs))
        rabbit = asyncio.create_task(self._rabbitmq())
        try:
            database, owner, redis, stores_ready = await self._stores()
            at = Addresses(
                public=public,
                functions=_url(hosts[0]),
                broker=_url(broker),
                database=database,
                redis=redis,
                simulated=_url(simulated) if simulated else "",
                identity=_url(identity) if identity else "",
                figures=",".join(_url(own).partition("//")[2] for own in owns),
                inside=secret,
            )
            self._environment = environment.functions(options, home, at)
            streams = self._environment["ECO2_REDIS_STREAMS_URL"]
            self._state |= {"database": owner, "redis": redis, "streams": streams}
            self._write_state()
            if not self._is_migrated():
                await stores_ready
                await self._migrate(owner)
            await wiring
            # A later start does not wait here: functions import while PostgreSQL recovers, sockets queue.
            await self._start_functions(zip(hosts, owns, strict=True), simulated, objects)
            if identity:
                await self._serve("identity", ["embedded.identity"], identity)
            await self._edge(hosts, broker, objects)
            await stores_ready
            await self._broker(broker, await rabbit)
        finally:
            await ended(wiring, rabbit)
        asked = {**_watched(hosts, broker), "edge": self._public.getsockname()}
        await wait_ready(asked, self.children, home.logs)
        self._write_state()
        _log.info("ready at %s after %.1f s", public, monotonic() - began)
        self.report(f"ready after {monotonic() - began:.1f} s")
        return public

    async def _start_functions(
        self,
        listeners: Iterable[tuple[socket.socket, socket.socket]],
        simulated: socket.socket | None,
        objects: socket.socket | None,
    ) -> None:
        if simulated:
            await self._serve("model", ["functions.providers.simulated"], simulated)
        for number, (shared, own) in enumerate(listeners, 1):
            await self._serve(f"functions-{number}", ["functions.runtime", "all"], shared, own, grace_s=15)
        if objects:
            store = ["embedded.objects", "--folder", str(self.home.folder / "objects"), "--missing", SHOWN]
            await self._serve("objects", store, objects)

    async def _rabbitmq(self) -> str:
        """Start it where it is the broker and no URL was given for it; its URL, when it serves."""
        if not self.options.starts_rabbitmq:
            return self.options.amqp_url
        server = stores.rabbitmq(self.home)
        await self._add(server_child("rabbitmq", server, grace_s=20, after_stop=server.stop))
        await stores.ready(server)
        return server.url

    async def _stores(self) -> tuple[str, str, str, asyncio.Future[list[None]]]:
        """Start what no URL was given for: the database for functions and for its owner, Redis, what to await."""
        options, home = self.options, self.home
        database = owner = options.database_url
        redis = ""
        started: list[Server] = []
        if options.starts_valkey:
            valkey = stores.valkey(home)
            await self._add(server_child("valkey", valkey, grace_s=10))
            redis = valkey.url
            started.append(valkey)
        if options.starts_postgres:
            postgres = stores.postgres(home)
            try:
                await asyncio.to_thread(postgres.prepare)
            except ServerStartError as error:
                raise CannotStartError(str(error)) from None
            await self._add(server_child("postgres", postgres, grace_s=10))
            self.children[-1].stop_signal = signal.SIGINT  # PostgreSQL's fast shutdown
            owner, database = postgres.url, postgres.database_url("postgres", stores.FUNCTIONS_ROLE)
            started.append(postgres)
        return database, owner, redis, stores.all_ready(started)

    def _is_migrated(self) -> bool:
        return self.options.starts_postgres and prepared.is_done(self._migrated, prepared.migrations())

    @property
    def _migrated(self) -> Path:
        """The marker lies in the data that it speaks of: new data is not migrated."""
        return self.home.folder / "postgres" / "data" / "eco2-migrated"

    async def _migrate(self, owner: str) -> None:
        digest = prepared.migrations()
        env = self._environment | {"ECO2_DATABASE_URL": owner}
        try:
            await run("migrations", ["schemas.migrate"], env, self.home.logs)
        except CannotStartError as error:
            raise error if self.options.starts_postgres else given.wrong("ECO2_DATABASE_URL", error) from None
        if self.options.starts_postgres:
            self._migrated.write_text(digest)

    async def take_up_changes(self) -> None:
        """Run the code as it is now: the edge and the broker start again only where routes or Triggers changed.

        Raises CannotStartError, and what ran goes on, when it can't be imported.
        """
        changed = await self._wires.make(environment.base(self.options), self.home.logs)
        again = ["functions-"]
        if "triggers" in changed:
            again.append("broker")
        if "routes" in changed and self._site:
            edge.reconfigure(self._envoys, self._wires.routes, self._site, self.options.environment)
            again.append("edge")
        for child in self.children:
            if child.name.startswith(tuple(again)):
                child.again()

    async def _broker(self, listener: socket.socket, amqp: str) -> None:
        module = "brokers.rabbitmq" if self.options.broker == "rabbitmq" else "brokers.embedded"
        arguments = [module, "--triggers", str(self._wires.triggers)]
        extra = {"ECO2_AMQP_URL": amqp} if amqp else {}
        await self._serve("broker", arguments, listener, extra=extra)

    async def _edge(
        self, hosts: Sequence[socket.socket], broker: socket.socket, objects: socket.socket | None
    ) -> None:
        assert self._public
        self._site = edge.site(
            port_of(self._public),
            hosts[0].getsockname(),
            _watched(hosts, broker),
            objects.getsockname() if objects else None,
            self.options,
        )
        routes = edge.table(self._wires.routes, edge.limits(self.options.environment))
        for number in range(1, self.options.edges + 1):
            name = "edge" if number == 1 else f"edge-{number}"
            envoy = edge.server(name, self._site, routes, self.home.folder, self.home.logs, self._environment)
            self._envoys.append(envoy)
            await self._add(server_child(name, envoy, grace_s=5, serves=envoy.wait_ready))

    async def _serve(
        self,
        name: str,
        arguments: Sequence[str],
        *listeners: socket.socket,
        extra: dict[str, str] | None = None,
        grace_s: float = 10.0,
    ) -> None:
        fds = [listener.fileno() for listener in listeners]
        command = [*arguments, *(f"--fd={fd}" for fd in fds)]
        log = self.home.logs / f"{name}.log"
        env = self._environment | (extra or {})

        def launch() -> subprocess.Popen[bytes]:
            return python(command, log=log, environment=env, fds=fds)

        greeting = Greeting(listeners[-1].getsockname(), HEALTH)
        await self._add(Child(name, launch, grace_s=grace_s, greeting=greeting))

    async def _add(self, child: Child) -> None:
        child.on_change = self._tell_state
        child.on_lost = partial(self._on_lost, child.name)
        self.children.append(child)
        try:
            await child.start()
        except ServerStartError as error:
            raise CannotStartError(str(error)) from None

    def _write_state(self) -> None:
        running = {child.name: {"pid": child.pid, "restarts": child.restarts} for child in self.children}
        self.home.write_state({**self._state, "processes": running})

    def _tell_state(self) -> None:
        """Children are kept running whatever comes of the state, which the next change writes again."""
        try:
            self._write_state()
        except OSError as error:
            _log.error("the state of %s can't be written: %s", self.home.folder, error.strerror)

    def _on_lost(self, name: str, error: BaseException) -> None:
        self._lost = (name, error)
        self.stopped.set()

    async def _stop(self) -> None:
        """The edge first, the stores last; what stands on the same step stops together."""
        if self._public:
            self._public.close()
        steps = (
            ("edge",),
            ("functions-", "objects"),
            ("broker", "model", "identity"),
            ("rabbitmq", "valkey", "postgres"),
        )
        for names in steps:
            together = [child for child in self.children if child.name.startswith(names)]
            await asyncio.gather(*(child.stop() for child in together))
        for listener in self._listeners:
            listener.close()
        stores.sweep_sockets(self.home)
        if self._state:
            self._state |= {name: inside.split(str(self._state[name]))[0] for name in ("functions", "sink")}
            self._state |= {"pid": None, "database": "", "redis": "", "streams": ""}
            self.children.clear()
            self._tell_state()


def _started(starting: asyncio.Task[str]) -> str:
    """The address; what the disk refused is told as what keeps the platform from starting."""
    try:
        return starting.result()
    except OSError as error:
        raise CannotStartError(f"{error.filename or 'a file'} can't be written: {error.strerror}") from error


def _watched(hosts: Sequence[socket.socket], broker: socket.socket) -> dict[str, tuple[str, int]]:
    """Whom readiness depends on: name → address."""
    named = {f"functions-{number}": listener for number, listener in enumerate(hosts, 1)}
    return {name: listener.getsockname() for name, listener in {**named, "broker": broker}.items()}


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{port_of(listener)}"
