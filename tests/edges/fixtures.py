"""An edge before a function host, and how its answers are read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from tests.edges.host import FunctionHost
from tests.embedded.serving import serving

JOB = "/api/v1/scan/7c9e6679-7425-40de-944b-e07fc1f90ae7"
ORIGIN = "https://eco2.example"
Before = Callable[..., AbstractAsyncContextManager[str]]


async def problem_of(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """The problem document of an answer, which must be complete."""
    assert response.content_type == "application/problem+json"
    problem = json.loads(await response.text())
    assert problem["status"] == response.status
    assert problem["request_id"] == response.headers["x-request-id"]
    assert {"type", "title", "detail", "instance", "code"} <= problem.keys()
    return dict(problem)


def session(url: str) -> aiohttp.ClientSession:
    """A client of the edge at `url`."""
    return aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(10), auto_decompress=False)


class Fixtures:
    """An edge, a function host behind it and a client before it."""

    @pytest.fixture
    def before(self) -> Before:
        """`before(port, loopback=False)`: the URL of an edge with tests.edges.host.ROUTES before `port`."""
        raise NotImplementedError

    @pytest.fixture
    def host(self) -> FunctionHost:
        """The function host."""
        return FunctionHost()

    @pytest.fixture
    async def client(self, before: Before, host: FunctionHost) -> AsyncIterator[aiohttp.ClientSession]:
        """A client of an edge before `host`."""
        async with serving(host) as port, before(port) as url, session(url) as client:
            yield client
