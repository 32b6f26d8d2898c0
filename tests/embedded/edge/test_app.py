"""The embedded edge keeps the contract of edges; then what only it does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from embedded.edge.app import Edge
from tests.edges.contract import EdgeContract
from tests.edges.fixtures import JOB, Before
from tests.edges.host import FunctionHost
from tests.embedded.edge.conftest import edge_before
from tests.embedded.serving import serving


class TestEmbeddedEdge(EdgeContract):
    @pytest.fixture
    def before(self) -> Before:
        @contextlib.asynccontextmanager
        async def before(port: int, *, loopback: bool = False) -> AsyncIterator[str]:
            async with edge_before(port, loopback=loopback) as edge, serving(edge) as public:
                yield f"http://127.0.0.1:{public}"

        return before


async def test_draining_ends_open_streams_and_refuses_requests(
    client: aiohttp.ClientSession, edge: Edge
) -> None:
    async with client.get(f"{JOB}/events") as response:
        await response.content.readuntil(b"\n\n")
        edge.drain()
        async with asyncio.timeout(5):
            assert await response.content.read() == b""
    assert not edge.streams
    async with client.post("/api/v1/scan", json={}) as refused:
        assert refused.status == 503


async def test_a_function_sees_get_for_head(client: aiohttp.ClientSession, host: FunctionHost) -> None:
    async with client.head("/api/v1/large") as response:
        assert response.headers["content-length"] == "2000000"
    assert [seen["method"] for seen in host.requests] == ["GET"]


async def test_health_tells_what_is_missing(client: aiohttp.ClientSession, host: FunctionHost) -> None:
    host.ready = False
    async with client.get("/health/ready") as response:
        assert response.status == 503
        assert (await response.json())["missing"] == {"functions-1": "status 503: warming up"}
    host.ready = True
    async with client.get("/health/ready") as response:
        assert response.status == 200
