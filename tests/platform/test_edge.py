"""The cluster's edge, a real Envoy, keeps the contract of edges; then what only it does."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from manifests.edge_routes import EdgeRoute

from tests.edges.contract import Before, EdgeContract
from tests.edges.host import ROUTES
from tests.platform.envoy import envoy

TABLE = [EdgeRoute(**row) for row in ROUTES]


class TestEnvoyEdge(EdgeContract):
    @pytest.fixture
    def before(self, tmp_path: Path) -> Before:
        @contextlib.asynccontextmanager
        async def before(port: int, *, loopback: bool = False) -> AsyncIterator[str]:
            env = "local" if loopback else "prod"
            async with envoy(TABLE, port, tmp_path, origins="https://eco2.example", env=env) as edge:
                yield edge.url

        return before
