"""`eco2 up` as the tests see it: its processes to kill, its tables, its broker's ingress, its simulated model."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

import aiohttp
import psycopg
import pytest

from bench import launch
from embedded.supervisor.home import Home
from eventing.cloudevent import CloudEvent

T = TypeVar("T")
TAIL = 2_500


@dataclass(frozen=True, slots=True)
class Platform:
    """A running platform with the simulated model."""

    url: str
    home: Home
    out: Any

    @property
    def state(self) -> dict[str, Any]:
        """What the supervisor wrote last."""
        state = self.home.state()
        assert state, "the platform has no state"
        return state

    @property
    def sink(self) -> str:
        """The broker's ingress."""
        return str(self.state["sink"])

    @property
    def model(self) -> str:
        """The simulated provider."""
        return str(self.state["simulated"])

    def pid(self, name: str) -> int | None:
        """Process id of a child, None while it is down."""
        pid: int | None = self.state["processes"][name]["pid"]
        return pid

    def restarts(self, name: str) -> int:
        """How often a child was started again."""
        return int(self.state["processes"][name]["restarts"])

    def signal(self, name: str, signum: signal.Signals = signal.SIGKILL) -> int | None:
        """Send a signal to a child; its process id, None if it was down."""
        pid = self.pid(name)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)
        return pid

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What the database holds now; it may be starting again."""
        deadline = monotonic() + 30
        while True:
            try:
                with psycopg.connect(
                    self.state["database"], autocommit=True, connect_timeout=5
                ) as connection:
                    return connection.execute(sql.encode(), parameters).fetchall()
            except psycopg.OperationalError:
                if monotonic() > deadline:
                    raise

    async def calls(self) -> dict[str, Any]:
        """What the simulated provider was asked and has billed."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.model}/calls?markers") as response:
            report: dict[str, Any] = await response.json()
            return report

    async def script(self, *outcomes: str) -> None:
        """The next calls of the provider end like this."""
        async with aiohttp.ClientSession() as http, http.post(f"{self.model}/script", json=outcomes) as done:
            assert done.status == 200, await done.text()

    async def emit(self, event: CloudEvent, http: aiohttp.ClientSession) -> bool:
        """Send an event to the broker; whether it was taken."""
        headers, body = event.to_binary()
        try:
            async with http.post(self.sink, data=body, headers=headers) as response:
                return response.status == 202
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    def fail(self, what: str) -> None:
        """End the test with the end of every log."""
        pytest.fail(f"{what}\n{self.tail()}", pytrace=False)

    def tail(self) -> str:
        """The end of every log."""
        ends = []
        for log in sorted(self.home.logs.glob("*.log")):
            ends.append(f"--- {log.name}\n{log.read_text(errors='replace')[-TAIL:]}")
        ends.append(f"--- eco2 up\n{self.out.read_text(errors='replace')[-TAIL:]}")
        return "\n".join(ends)

    async def settled(self) -> None:
        """Wait until no job is active and no event is on its way."""
        for what, query in (
            ("no job is active", "SELECT count(*) FROM scan.jobs WHERE status = 'active'"),
            ("no event is on its way", "SELECT count(*) FROM broker.journal"),
        ):

            async def none(query: str = query) -> bool:
                return self.rows(query) == [(0,)]

            await self.until(what, none)

    async def until(
        self,
        what: str,
        holds: Callable[[], Awaitable[T | None]],
        *,
        within_s: float = 30.0,
        every_s: float = 0.1,
    ) -> T:
        """The first truthy answer of `holds`; fails the test with the logs when there is none in time."""
        deadline = monotonic() + within_s
        while monotonic() < deadline:
            answer = await holds()
            if answer:
                return answer
            await asyncio.sleep(every_s)
        self.fail(f"not within {within_s:.0f} s: {what}")
        raise AssertionError


@contextlib.contextmanager
def running(
    *, broker: str = "embedded", processes: int = 2, settings: Mapping[str, str] | None = None
) -> Iterator[Platform]:
    """A fresh platform, ready; stopped at the end with nothing left behind."""
    with launch.platform(broker=broker, processes=processes, settings=settings) as started:
        yield Platform(started.url, Home(started.home), started.home / "bench.log")
