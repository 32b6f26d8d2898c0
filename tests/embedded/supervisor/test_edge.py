"""The edge of one machine: Envoy as the supervisor starts it, before function hosts, the broker and the store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edge.table import EdgeRoute
from embedded.objects.app import application
from embedded.objects.signature import Key
from embedded.objects.store import ObjectStore
from embedded.servers.envoy import Envoy
from embedded.servers.process import ServerStartError
from embedded.supervisor import edge
from embedded.supervisor.errors import CannotStartError
from embedded.supervisor.options import Options
from embedded.supervisor.ready import ask
from embedded.supervisor.sockets import port_of, reserve
from tests.edges.fixtures import JOB, problem_of, session
from tests.edges.host import ROUTES, FunctionHost
from tests.embedded.objects.test_app import PNG, presign
from tests.embedded.serving import serving

LOCAL = {"ECO2_ENV": "local"}


def options(folder: Path, **environment: str) -> Options:
    return Options(folder, environment=environment)


@asynccontextmanager
async def started(
    folder: Path, host: int, *, store: int = 1, broker: int | None = None
) -> AsyncIterator[Envoy]:
    """An edge before function host, object store and broker at these ports (the broker: the host's)."""
    with reserve() as reserved:
        (folder / "routes.json").write_text(json.dumps(ROUTES))
        watched = {"functions-1": ("127.0.0.1", host), "broker": ("127.0.0.1", broker or host)}
        at = edge.site(port_of(reserved), ("127.0.0.1", host), watched, ("127.0.0.1", store), options(folder))
        envoy = edge.server(
            "edge", at, edge.table(folder / "routes.json", {"test-limited": "3/60"}), folder, folder, LOCAL
        )
        await asyncio.to_thread(envoy.start)
        try:
            yield envoy
        finally:
            await asyncio.to_thread(envoy.stop)


async def test_readiness_is_that_of_functions_and_broker(tmp_path: Path, unused_tcp_port: int) -> None:
    host, broker = FunctionHost(ready=False), FunctionHost()
    async with (
        serving(host) as port,
        serving(broker) as behind,
        started(tmp_path, port, broker=behind) as envoy,
        session(envoy.url) as client,
    ):
        async with client.get("/health/live") as response:
            assert response.status == 200
        async with client.get("/health/ready") as response:
            assert response.status == 503
            assert (await problem_of(response))["code"] == "NOT_READY"
        assert await ask(("127.0.0.1", envoy.port)) == "HTTP/1.1 503 Service Unavailable"
        host.ready = True
        await _until(client, 200)
        async with client.get("/health/ready") as response:
            assert await response.json() == {"status": "ready"}
        assert await ask(("127.0.0.1", envoy.port)) == ""
        broker.ready = False
        await _until(client, 503)
        async with client.get("/health/ready", headers={"Host": "evil.example"}) as response:
            assert response.status == 421
    assert "does not answer" in await ask(("127.0.0.1", unused_tcp_port))


async def _until(client: aiohttp.ClientSession, status: int) -> None:
    async with asyncio.timeout(10):
        while True:
            async with client.get("/health/ready") as response:
                if response.status == status:
                    return
            await asyncio.sleep(0.05)


async def test_pictures_go_to_the_store_and_pages_of_this_machine_may_send_them(tmp_path: Path) -> None:
    store = application(ObjectStore(tmp_path / "objects"), Key("eco2", "s"), "/objects")
    async with (
        serving(FunctionHost()) as port,
        serving(store) as objects,
        started(tmp_path, port, store=objects) as envoy,
        session(envoy.url) as client,
    ):
        place = f"{envoy.url}/objects/eco2-images/public/a.png"
        asked = {"Access-Control-Request-Method": "PUT", "Origin": "http://localhost:5173"}
        async with client.options(place, headers=asked) as response:
            assert response.status == 204
            assert "PUT" in response.headers["access-control-allow-methods"]
        sent = {"Content-Type": "image/png", "Origin": "http://localhost:5173"}
        async with client.put(presign(place), data=PNG, headers=sent) as response:
            assert response.status == 200
            assert response.headers["access-control-allow-origin"] == "http://localhost:5173"
            assert response.headers["etag"]
        async with client.get(place) as response:
            assert await response.read() == PNG
            assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"
        async with client.get(place.replace("a.png", "none.png")) as response:
            assert (response.status, response.content_type) == (404, "application/xml")


async def test_a_copy_that_is_not_made_yet_is_asked_for_behind_the_edge(tmp_path: Path) -> None:
    """Where the store leads, the edge goes itself: the client sees no redirect."""
    app = application(ObjectStore(tmp_path / "objects"), Key("eco2", "s"), "/objects", missing="/api/v1/scan")
    host = FunctionHost()
    async with (
        serving(host) as port,
        serving(app) as objects,
        started(tmp_path, port, store=objects) as envoy,
        session(envoy.url) as client,
    ):
        place = f"{envoy.url}/objects/eco2-images/public/categories"
        async with client.get(place, allow_redirects=False) as response:
            assert response.status == 201
        (seen,) = host.requests
        assert (seen["function"], seen["path"]) == ("scan-categories", "/api/v1/scan/categories")
        there = {"Cache-Control": "only-if-cached"}
        async with client.get(place, headers=there, allow_redirects=False) as response:
            assert response.status == 404


async def test_limits_of_this_machine_and_its_settings_hold(tmp_path: Path) -> None:
    async with (
        serving(FunctionHost()) as port,
        started(tmp_path, port) as envoy,
        session(envoy.url) as client,
    ):
        for status in (201, 201, 201, 429):
            async with client.post("/api/v1/limited", json={}) as response:
                assert response.status == status
        async with client.get("/api/v1/limited/open") as response:
            assert response.headers["ratelimit-policy"] == '"test-open";q=300;w=60'  # all users of it


async def test_a_stopped_edge_keeps_its_port(tmp_path: Path) -> None:
    host = FunctionHost()
    async with serving(host) as port, started(tmp_path, port) as envoy, session(envoy.url) as client:
        async with client.get(f"{JOB}/events") as response:
            await response.content.readuntil(b"\n\n")
            await asyncio.to_thread(envoy.stop)
            with pytest.raises(aiohttp.ClientError):
                await response.content.read()
        async with asyncio.timeout(5):
            await host.disconnected.wait()
        await asyncio.to_thread(envoy.start)
        async with client.get("/api/v1/scan/categories") as response:
            assert response.status == 201


async def test_an_edge_that_can_not_start_says_why(tmp_path: Path) -> None:
    envoy = Envoy(tmp_path / "e.json", tmp_path / "e.log", 1, {"static_resources": {"nonsense": []}})
    with pytest.raises(ServerStartError, match=r"(?s)e\.log ends with.*nonsense"):
        await asyncio.to_thread(envoy.start)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ECO2_RATE_LIMITS": "scan-submit=many"}, "ECO2_RATE_LIMITS: limit scan-submit=many: write"),
        ({"ECO2_CORS_ORIGINS": "https://a.example, *"}, r"ECO2_CORS_ORIGINS: '\*' is no origin"),
        ({"ECO2_CORS_ORIGINS": "https://a.example/path"}, "is no origin"),
        ({"ECO2_HOSTS": "api.example, https://b"}, "ECO2_HOSTS: 'https://b' is no name of a host"),
        ({"ECO2_HOSTS": "api.example:8080"}, "is no name of a host"),
    ],
)
def test_wrong_settings_are_told_in_a_line(environment: dict[str, str], said: str) -> None:
    with pytest.raises(CannotStartError, match=said):
        edge.limits(environment)


def test_origins_may_have_spaces_and_slashes_at_their_ends() -> None:
    assert edge.limits({"ECO2_CORS_ORIGINS": " https://a.example/, http://b.example:81,"})


@pytest.mark.parametrize(
    ("environment", "collector"),
    [
        ({}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318/"}, "http://h:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://h:4318/x"}, "http://h:4318/x"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://h"}, ""),  # Envoy would need certificates
    ],
)
def test_spans_go_where_the_processes_send_theirs(
    tmp_path: Path, environment: dict[str, str], collector: str
) -> None:
    here = ("127.0.0.1", 1)
    made: Any = edge.site(8080, here, {}, None, options(tmp_path, **environment))
    assert made.collector == collector


@pytest.mark.parametrize(
    ("environment", "limit"),
    [
        ({}, (120_000, 10)),
        ({"ECO2_RATE_LIMITS": "address=5/1"}, (5, 1)),
        ({"ECO2_RATE_LIMITS": "address=off"}, None),
    ],
)
def test_all_that_one_address_asks_is_bounded(
    tmp_path: Path, environment: dict[str, str], limit: tuple[int, int] | None
) -> None:
    made = edge.site(8080, ("127.0.0.1", 1), {}, None, options(tmp_path, **environment))
    assert made.address_limit == limit


def test_only_a_developers_machine_does_without_https(tmp_path: Path) -> None:
    def made(**environment: str) -> bool:
        return edge.site(8080, ("127.0.0.1", 1), {}, None, options(tmp_path, **environment)).behind_tls

    assert not made()
    assert not made(ECO2_ENV="local")
    assert made(ECO2_ENV="production", ECO2_HOSTS="a.example")


def test_an_address_stands_for_everybody_here_and_an_account_for_many(tmp_path: Path) -> None:
    rows = [
        EdgeRoute("POST", "/a", "scan-submit", limit="60/60"),
        EdgeRoute("GET", "/b", "open", auth=False, limit="5/60"),
        EdgeRoute("POST", "/c", "images-upload", limit="60/60"),
    ]
    (tmp_path / "routes.json").write_text(json.dumps([asdict(row) for row in rows]))
    assert [row.limit for row in edge.table(tmp_path / "routes.json", edge.limits({}))] == [
        "6000/60",
        "500/60",
        "6000/60",
    ]


async def test_streams_that_take_all_their_places_leave_room_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "raise_limit", lambda: edge.SPARE_FILES + 5 * 64)
    host, opened = FunctionHost(), []
    async with (
        serving(host) as port,
        started(tmp_path, port) as envoy,
        session(envoy.url) as client,
        asyncio.timeout(60),
    ):
        for _ in range(70):
            opened.append(await client.get(f"{JOB}/events", headers={"Connection": "close"}))
        assert [stream.status for stream in opened].count(200) == 64
        refused = [stream for stream in opened if stream.status != 200]
        assert {(await problem_of(stream))["code"] for stream in refused} == {"OVERLOADED"}
        async with client.get("/api/v1/scan/categories") as response:
            assert response.status == 201
        for stream in opened:
            stream.close()
