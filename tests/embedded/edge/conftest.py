"""An embedded edge in front of a small function host that tells what it received."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from embedded.cors import Cors
from embedded.edge.app import Edge
from embedded.edge.authorize import OverHTTP
from embedded.edge.readiness import Readiness
from embedded.edge.routes import Route, Routes
from embedded.edge.upstream import Upstream
from tests.edges.host import ROUTES, FunctionHost
from tests.embedded.serving import serving


@pytest.fixture
def host() -> FunctionHost:
    """The function host."""
    return FunctionHost()


@contextlib.asynccontextmanager
async def edge_before(port: int, *, loopback: bool = False) -> AsyncIterator[Edge]:
    """An edge whose upstream is `port`."""
    upstream = Upstream([("127.0.0.1", port)])
    yield Edge(
        routes=Routes(Route.of(row, {}) for row in ROUTES),
        upstream=upstream,
        authorizer=OverHTTP(upstream),
        cors=Cors.of(["https://eco2.example"], loopback=loopback),
        readiness=Readiness({"functions-1": ("127.0.0.1", port, "/health/ready")}),
    )
    upstream.close()


@pytest.fixture
async def edge(host: FunctionHost) -> AsyncIterator[Edge]:
    """An edge whose upstream is `host`."""
    async with serving(host) as port, edge_before(port) as edge:
        yield edge


@pytest.fixture
async def client(edge: Edge) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the edge."""
    async with (
        serving(edge) as port,
        aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", timeout=aiohttp.ClientTimeout(10), auto_decompress=False
        ) as session,
    ):
        yield session
