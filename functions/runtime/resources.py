"""Resources that functions of one process share: opened lazily, in the background after start, closed on stop."""

from __future__ import annotations

import asyncio
import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast

from functions.runtime.database import Database, Worker
from functions.runtime.errors import Unavailable
from functions.runtime.settings import RuntimeSettings
from process.declared import check
from process.settings import Secret, read, with_files

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from redis.asyncio import Redis

    from eventing.publisher import Publisher

log = logging.getLogger(__name__)
RedisRole = Literal["streams", "pubsub", "cache", "auth", "state"]
REDIS_TIMEOUT_S = 5.0


class Service(ABC):
    """A domain's own service: opened once a process and given to handlers by its type."""

    __slots__ = ()

    @classmethod
    @abstractmethod
    async def open(cls, resources: Resources) -> Self:
        """The service over `resources`. Raises FunctionError where what it needs is not there."""


T = TypeVar("T", bound=Service)
S = TypeVar("S", bound="DataclassInstance")


class Resources:
    """Settings, database, Redis by role, publisher, and the domains' services; each made once a process."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        """Resources with the settings of `environ`; of this process, all of them checked, when it is None."""
        if environ is None:
            environ = os.environ
            check(environ)
        self._environ = with_files(environ)
        self._settings: dict[type[Any], Any] = {}
        self._database: Database | None = None
        self._worker: Worker | None = None
        self._redis: dict[str, Redis] = {}
        self._publisher: Publisher | None = None
        self._services: dict[type[Any], asyncio.Task[Any]] = {}
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._stoppers: list[Callable[[], None]] = []
        self.cancel: Callable[[str], None] = lambda _subject: None
        self.stopping = asyncio.Event()

    def settings(self, kind: type[S]) -> S:
        """The settings of one package, read once. Raises SettingsError."""
        if kind not in self._settings:
            self._settings[kind] = read(kind, self._environ)
        return cast("S", self._settings[kind])

    async def database(self) -> Database:
        """PostgreSQL."""
        if self._database is None:
            configured = self.settings(RuntimeSettings)
            url = configured.database_url.get_secret_value()
            if not url:
                raise Unavailable("ECO2_DATABASE_URL is not set", code="NOT_CONFIGURED")
            self._database = Database(url, configured.pool_size)
        return self._database

    async def worker(self) -> int:
        """The id of this process's worker, alive in the database. Raises Retry."""
        if self._worker is None:
            self._worker = Worker(
                self.settings(RuntimeSettings).database_url.get_secret_value(),
                lambda subject: self.cancel(subject),
            )
        return await self._worker.alive()

    async def redis(self, role: RedisRole) -> Redis:
        """The client of one role; roles with one URL share a client. `pubsub` is kept apart: it blocks."""
        secret: Secret = getattr(self.settings(RuntimeSettings), f"redis_{role}_url")
        url = secret.get_secret_value()
        if not url:
            raise Unavailable(f"ECO2_REDIS_{role.upper()}_URL is not set", code="NOT_CONFIGURED")
        if url not in self._redis:
            client = (await asyncio.to_thread(_client_class)).from_url(
                url,
                max_connections=64,
                socket_connect_timeout=REDIS_TIMEOUT_S,
                socket_timeout=REDIS_TIMEOUT_S + 5,  # above the router's blocking read
                health_check_interval=0,
                driver_info=None,  # telling it would search the installed packages for each connection
            )
            if url not in self._redis:  # another task may have been quicker
                self._redis[url] = client
                self.on_close(client.aclose)
        return self._redis[url]

    def publisher(self) -> Publisher:
        """The publisher of events to the Broker (K_SINK)."""
        if self._publisher is None:
            from eventing.publisher import Publisher

            sink = os.environ.get("K_SINK", "")
            if not sink:
                raise Unavailable("K_SINK is not set", code="NOT_CONFIGURED")
            self._publisher = Publisher(sink)
            self.on_close(self._publisher.close)
        return self._publisher

    async def get(self, service: type[T]) -> T:
        """The process's one instance of `service`; a failed opening is tried again at the next call."""
        task = self._services.get(service)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.create_task(service.open(self), name=f"open {service.__name__}")
            self._services[service] = task
        if task.done():  # shielding costs more than a small function does
            return cast("T", task.result())
        opened: T = await asyncio.shield(task)
        return opened

    def on_stop(self, stopper: Callable[[], None]) -> None:
        """Call `stopper` when the process begins to stop: no new work, streams end."""
        self._stoppers.append(stopper)

    def stop(self) -> None:
        """Begin to stop."""
        if not self.stopping.is_set():
            self.stopping.set()
            for stopper in self._stoppers:
                stopper()

    def on_close(self, closer: Callable[[], Awaitable[None]]) -> None:
        """Call `closer` on stop, last registered first."""
        self._closers.append(closer)

    async def close(self) -> None:
        """Close everything that was opened, within a bound each."""
        for task in self._services.values():
            task.cancel()
        for closer in reversed(self._closers):
            with suppress(Exception):
                await asyncio.wait_for(closer(), 3)
        if self._worker:
            await self._worker.close()
        if self._database:
            await self._database.close()


def _client_class() -> type[Redis]:
    from functions.runtime.redis_client import client_class

    return client_class()
