"""The edge as the process that the supervisor starts: socket by descriptor, uvloop, route table, object store."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from embedded.supervisor.sockets import listen, port_of
from tests.edges.host import FunctionHost
from tests.embedded.serving import serving
from tests.embedded.test_objects import PNG, presign

TABLE = [
    {"method": "GET", "path": "/api/v1/scan/{job_id}/events", "function": "stream-events", "auth": True},
    {"method": "GET", "path": "/api/v1/scan/categories", "function": "scan-categories", "auth": False},
    {"method": "POST", "path": "/api/v1/scan", "function": "scan-submit", "auth": True, "limit": "1/60"},
]


@pytest.fixture
async def edge(host: FunctionHost, tmp_path: Path) -> AsyncIterator[tuple[str, subprocess.Popen[bytes]]]:
    """Address and process of an edge before `host`."""
    (tmp_path / "routes.json").write_text(json.dumps(TABLE))
    async with serving(host) as upstream:
        with listen() as listener:
            command = [sys.executable, "-m", "embedded.edge", "--fd", str(listener.fileno())]
            command += ["--routes", str(tmp_path / "routes.json"), "--upstream", f"127.0.0.1:{upstream}"]
            command += ["--ready", f"functions-1=127.0.0.1:{upstream}/health/ready", "--authorize", "http"]
            command += [
                "--objects",
                str(tmp_path / "objects"),
                "--grace",
                "2",
                "--limits",
                "scan-submit=2/60",
            ]
            keys = {"ECO2_OBJECTS_ACCESS_KEY": "eco2", "ECO2_OBJECTS_SECRET_KEY": "s", "ECO2_ENV": "local"}
            process = subprocess.Popen(command, pass_fds=[listener.fileno()], env={**os.environ, **keys})  # noqa: ASYNC220 - returns at once
            yield f"http://127.0.0.1:{port_of(listener)}", process
            if process.poll() is None:
                process.kill()
            await asyncio.to_thread(process.wait, 10)


async def test_it_serves_streams_uploads_and_stops(
    edge: tuple[str, subprocess.Popen[bytes]], host: FunctionHost
) -> None:
    url, process = edge
    async with aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(20)) as client:
        async with client.get("/health/ready") as response:
            assert response.status == 200
        async with client.get(
            "/api/v1/scan/categories", headers={"Origin": "http://localhost:5173"}
        ) as response:
            assert response.status == 201
            assert response.headers["access-control-allow-origin"] == "http://localhost:5173"
        statuses = []
        for _ in range(3):
            async with client.post("/api/v1/scan", json={}) as response:
                statuses.append(response.status)
        assert statuses == [201, 201, 429]
        place = f"{url}/objects/eco2-images/scan/a.png"
        sent = {"Content-Type": "image/png", "Origin": "http://localhost:5173"}
        async with client.put(presign(place), data=PNG, headers=sent) as response:
            assert response.status == 200
            assert response.headers["access-control-allow-origin"] == "http://localhost:5173"
        async with client.get(place) as response:
            assert await response.read() == PNG
        async with client.get("/api/v1/scan/x/events") as response:
            await response.content.readuntil(b"\n\n")
            process.send_signal(signal.SIGTERM)
            assert await response.content.read() == b""  # open streams end at once
    async with asyncio.timeout(5):
        await host.disconnected.wait()
    assert await asyncio.to_thread(process.wait, 10) in (0, -signal.SIGTERM)
