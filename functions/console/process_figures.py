"""What the platform's processes tell of themselves in Prometheus' text: calls, failures, times, open streams.

They are asked at the addresses of ECO2_FIGURES; a name with several addresses, as a headless Service has them, means
every process behind it. Counters are handed on as they are: who watches takes the difference of two looks, process by
process, so that one that came or went in between counts right.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel
from yarl import URL

from functions.console.settings import ConsoleSettings
from functions.runtime.outside import OutsideClient, OutsideFailure
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from collections.abc import Iterable

    from functions.runtime.resources import Resources

MOST_PROCESSES = 200
AT_ONCE = 20
TIMEOUT_S = 2.0
KEPT_S = 1.0
"""What one watcher was told a moment ago is told to the next."""
_CALLS = "eco2_function_duration_seconds"
_STREAMS = "eco2_sse_open"
_STARTED = "process_start_time_seconds"
_MEMORY = "process_resident_memory_bytes"


class ProcessFigures(BaseModel):
    """One process: calls since it started, how many of them failed (5xx), and within which seconds (`le`) they ended.

    `function` is its function where it serves a single one.
    """

    process: str
    function: str = ""
    started_at: float = 0.0
    memory_bytes: int = 0
    streams: int = 0
    calls: int = 0
    failed: int = 0
    within: dict[str, int] = {}


class RunningProcesses(Service):
    """The processes that serve functions now."""

    def __init__(self, client: OutsideClient, addresses: Iterable[str]) -> None:
        self._client, self._addresses = client, tuple(addresses)
        self._told: tuple[float, list[ProcessFigures]] = (-KEPT_S, [])
        self._looking = asyncio.Lock()

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """At the addresses of the settings."""
        client = OutsideClient("figures", timeout_s=TIMEOUT_S)
        resources.on_close(client.close)
        return cls(client, resources.settings(ConsoleSettings).figures)

    async def figures(self) -> list[ProcessFigures]:
        """Every process that answers, by its address; at most MOST_PROCESSES of them are asked."""
        async with self._looking:
            at, told = self._told
            if time.monotonic() - at >= KEPT_S:
                told = await self._look()
                self._told = (time.monotonic(), told)
            return told

    async def _look(self) -> list[ProcessFigures]:
        places = sorted({place for address in self._addresses for place in await _resolved(address)})
        gate = asyncio.Semaphore(AT_ONCE)

        async def asked(host: str, port: int) -> ProcessFigures | None:
            url = URL.build(scheme="http", host=host, port=port, path="/metrics")
            async with gate:
                try:
                    text = (await self._client.get(str(url), {}, {})).decode()
                    return await asyncio.to_thread(read, f"{host}:{port}", text)
                except (OutsideFailure, ValueError):
                    return None  # it ended, or is none of ours

        found = await asyncio.gather(*(asked(*place) for place in places[:MOST_PROCESSES]))
        return [each for each in found if each]


async def _resolved(address: str) -> list[tuple[str, int]]:
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(TIMEOUT_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
    except OSError:  # TimeoutError is one: the name is nobody's for the moment
        return []
    return [(str(place[0]), int(place[1])) for *_, place in found]


def read(process: str, exposition: str) -> ProcessFigures:
    """The figures in a process' exposition. Raises ValueError for what is none."""
    from prometheus_client.parser import text_string_to_metric_families

    wanted = (_CALLS, _STREAMS, _STARTED, _MEMORY)
    lines = "".join(f"{line}\n" for line in exposition.splitlines() if line.startswith(wanted))
    found = ProcessFigures(process=process)
    within: Counter[str] = Counter()
    functions = set()
    for family in text_string_to_metric_families(lines):
        for sample in family.samples:
            count = int(sample.value)
            match sample.name.removeprefix(_CALLS):
                case "_count":
                    functions.add(sample.labels["function"])
                    found.calls += count
                    found.failed += count if sample.labels["status"].startswith("5") else 0
                case "_bucket":
                    within[sample.labels["le"]] += count
                case "eco2_sse_open":
                    found.streams = count
                case "process_start_time_seconds":
                    found.started_at = sample.value
                case "process_resident_memory_bytes":
                    found.memory_bytes = count
    found.within = dict(within)
    found.function = functions.pop() if len(functions) == 1 else ""
    return found
