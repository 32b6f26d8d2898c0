"""The edge from outside: what a client sees and what a function receives."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from embedded.cors import Cors
from embedded.edge.app import Edge
from embedded.edge.limits import Policy
from embedded.edge.routes import Route, Routes
from tests.embedded.edge.conftest import USER, FunctionHost

JOB = "/api/v1/scan/7c9e6679-7425-40de-944b-e07fc1f90ae7"


async def test_a_request_reaches_the_function_of_its_route_as_it_was_sent(
    client: aiohttp.ClientSession,
) -> None:
    async with client.post("/api/v1/scan?x=%26&y=1", json={"a": "가"}) as response:
        assert response.status == 201
        seen = await response.json()
    assert seen["function"] == "scan-submit"
    assert (seen["path"], seen["query"]) == ("/api/v1/scan", "x=%26&y=1")
    assert json.loads(seen["body"]) == {"a": "가"}
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"


async def test_identity_headers_of_a_client_never_arrive(client: aiohttp.ClientSession) -> None:
    forged = {
        "X-User-Id": "someone",
        "X-Auth-Provider": "root",
        "X-AUTH-Anything": "1",
        "x-auth-expires-at": "9",
    }
    async with client.post("/api/v1/scan", json={}, headers=forged) as response:
        headers = (await response.json())["headers"]
    assert headers["x-user-id"] == USER
    assert headers["x-auth-provider"] == "local"
    assert "x-auth-anything" not in headers
    assert "x-auth-expires-at" not in headers
    async with client.get("/api/v1/scan/categories", headers=forged) as response:
        assert not [
            name for name in (await response.json())["headers"] if name.startswith(("x-user", "x-auth"))
        ]


async def test_internal_headers_of_a_function_never_leave(client: aiohttp.ClientSession) -> None:
    async with client.post("/api/v1/scan", json={}, headers={"X-Request-Id": "a-request-0001"}) as response:
        assert "x-user-id" not in response.headers
        assert "access-control-allow-origin" not in response.headers
        assert response.headers.getall("x-request-id") == ["a-request-0001"]
        assert response.headers["set-cookie"] == "a=b"


@pytest.mark.parametrize("sent", [None, "short", "with space in it", "x" * 200])
async def test_a_missing_or_odd_request_id_is_replaced(
    client: aiohttp.ClientSession, sent: str | None
) -> None:
    headers = {"X-Request-Id": sent} if sent else {}
    async with client.get("/api/v1/scan/categories", headers=headers) as response:
        seen = (await response.json())["headers"]
    assert len(response.headers["x-request-id"]) == 32
    assert seen["x-request-id"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", False),
        ("nonsense", False),
        (None, False),
    ],
)
async def test_a_trace_goes_on_or_begins(client: aiohttp.ClientSession, sent: str | None, kept: bool) -> None:
    headers = {"traceparent": sent} if sent else {}
    async with client.get("/api/v1/scan/categories", headers=headers) as response:
        seen = (await response.json())["headers"]["traceparent"]
    assert (seen == sent) is kept
    assert seen.startswith("00-")
    assert len(seen) == 55


class TestAuthorization:
    async def test_the_check_carries_path_and_credentials(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        sent = {"Cookie": "s_access=token", "Authorization": "Bearer b"}
        async with client.get(f"{JOB}/result", headers=sent):
            pass
        check = host.requests[0]
        assert check["path"] == f"{JOB}/result"
        assert check["headers"]["cookie"] == "s_access=token"
        assert check["headers"]["authorization"] == "Bearer b"

    async def test_a_refusal_is_the_clients_answer(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        refused = {"content-type": "application/problem+json", "www-authenticate": "Bearer", "x-user-id": "x"}
        host.authorize = (401, refused, b'{"code":"LOGIN_REQUIRED"}')
        async with client.post(
            "/api/v1/scan", json={}, headers={"Origin": "https://eco2.example"}
        ) as response:
            assert response.status == 401
            assert (await response.json(content_type=None))["code"] == "LOGIN_REQUIRED"
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.headers["access-control-allow-origin"] == "https://eco2.example"
        assert "x-user-id" not in response.headers
        assert [seen["function"] for seen in host.requests] == ["auth-authorize"]

    async def test_a_failing_check_closes(self, client: aiohttp.ClientSession, host: FunctionHost) -> None:
        host.authorize = (500, {}, b"secret trace")
        async with client.get(f"{JOB}/result") as response:
            assert response.status == 503
            text = await response.text()
        assert response.headers["retry-after"]
        assert "secret" not in text
        assert [seen["function"] for seen in host.requests] == ["auth-authorize"]

    async def test_an_open_route_is_not_checked(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        async with client.get("/api/v1/scan/categories") as response:
            assert response.status == 201
        assert [seen["function"] for seen in host.requests] == ["scan-categories"]


class TestCors:
    @pytest.mark.parametrize("path", ["/api/v1/scan", f"{JOB}/events", "/api/v1/unknown"])
    async def test_a_preflight_is_answered_here(
        self, client: aiohttp.ClientSession, host: FunctionHost, path: str
    ) -> None:
        asked = {"Origin": "https://eco2.example", "Access-Control-Request-Method": "PATCH"}
        async with client.options(path, headers=asked) as response:
            assert response.status == 204
        headers = response.headers
        assert headers["access-control-allow-origin"] == "https://eco2.example"
        assert headers["access-control-allow-credentials"] == "true"
        methods = {method.strip() for method in headers["access-control-allow-methods"].split(",")}
        assert {"GET", "POST", "PATCH", "DELETE", "PUT"} <= methods
        allowed = {name.strip().lower() for name in headers["access-control-allow-headers"].split(",")}
        assert {"content-type", "x-frontend-origin", "idempotency-key", "x-idempotency-key"} <= allowed
        assert {"authorization", "last-event-id", "x-request-id"} <= allowed
        assert "Origin" in headers["vary"]
        assert not host.requests

    @pytest.mark.parametrize(
        "origin", ["https://eco2.example.evil", "http://eco2.example", "null", "http://localhost:3000"]
    )
    async def test_another_origin_gets_nothing(self, client: aiohttp.ClientSession, origin: str) -> None:
        asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        async with client.options("/api/v1/scan", headers=asked) as response:
            assert response.status == 403
            assert "access-control-allow-origin" not in response.headers
        async with client.get("/api/v1/scan/categories", headers={"Origin": origin}) as response:
            assert "access-control-allow-origin" not in response.headers
            assert response.headers["vary"] == "Origin"

    @pytest.mark.parametrize(
        "origin",
        ["http://localhost:5173", "http://127.0.0.1:8080", "https://[::1]:1", "http://app.localhost"],
    )
    async def test_on_this_machine_every_loopback_origin_is_allowed(
        self, client: aiohttp.ClientSession, edge: Edge, origin: str
    ) -> None:
        edge.cors = Cors.of([], loopback=True)
        async with client.get("/api/v1/unknown", headers={"Origin": origin}) as response:
            assert response.status == 404
            assert response.headers["access-control-allow-origin"] == origin
            assert response.headers["access-control-allow-credentials"] == "true"

    async def test_a_stream_is_readable_across_origins(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        host.more.set()
        async with client.get(f"{JOB}/events", headers={"Origin": "https://eco2.example"}) as response:
            assert response.headers["access-control-allow-origin"] == "https://eco2.example"


class TestStreams:
    async def test_a_stream_is_handed_on_piece_by_piece_and_outlives_the_timeout(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        async with client.get(f"{JOB}/events") as response:
            assert await response.content.readuntil(b"\n\n") == b"event: queued\n\n"
            await asyncio.sleep(0.7)  # longer than the route's timeout
            host.more.set()
            assert await response.content.read() == b"event: done\n\n"

    async def test_a_client_that_leaves_disconnects_the_function(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        async with client.get(f"{JOB}/events") as response:
            await response.content.readuntil(b"\n\n")
            response.close()
        async with asyncio.timeout(5):
            await host.disconnected.wait()

    async def test_draining_ends_open_streams_and_refuses_requests(
        self, client: aiohttp.ClientSession, edge: Edge
    ) -> None:
        async with client.get(f"{JOB}/events") as response:
            await response.content.readuntil(b"\n\n")
            edge.drain()
            async with asyncio.timeout(5):
                assert await response.content.read() == b""
        assert not edge.streams
        async with client.post("/api/v1/scan", json={}) as refused:
            assert refused.status == 503


class TestRefusals:
    async def test_an_unknown_path_is_404(self, client: aiohttp.ClientSession) -> None:
        for path in ("/", "/api/v1/nothing", "/api/v1/scan//result", "/api/v1/scan/a%2Fb"):
            async with client.get(path) as response:
                problem = await _problem(response)
            assert (response.status, problem["code"]) in ((404, "NOT_FOUND"), (405, "METHOD_NOT_ALLOWED"))

    async def test_another_method_is_405_with_allow(self, client: aiohttp.ClientSession) -> None:
        async with client.put(f"{JOB}/result") as response:
            problem = await _problem(response)
        assert response.status == 405
        assert response.headers["allow"] == "GET, HEAD, OPTIONS"
        assert problem["instance"] == f"{JOB}/result"

    async def test_a_large_body_is_413(self, client: aiohttp.ClientSession, host: FunctionHost) -> None:
        async def chunked() -> Any:
            for _ in range(11):
                yield b"x" * 100

        for body in (b"x" * 1001, chunked()):
            async with client.post("/api/v1/scan", data=body) as response:
                assert (await _problem(response))["code"] == "BODY_TOO_LARGE"
                assert response.status == 413
        assert {seen["function"] for seen in host.requests} == {"auth-authorize"}

    async def test_no_function_host_is_503_with_retry_after(
        self, client: aiohttp.ClientSession, edge: Edge, unused_tcp_port: int
    ) -> None:
        edge.upstream.addresses[0] = ("127.0.0.1", unused_tcp_port)
        async with client.get("/api/v1/scan/categories") as response:
            assert (await _problem(response))["code"] == "UPSTREAM_UNAVAILABLE"
            assert response.status == 503
            assert int(response.headers["retry-after"]) > 0

    async def test_a_slow_function_is_504(self, client: aiohttp.ClientSession) -> None:
        async with client.get("/api/v1/slow") as response:
            assert (await _problem(response))["code"] == "UPSTREAM_TIMEOUT"
            assert response.status == 504


async def test_head_is_a_get_without_its_body(client: aiohttp.ClientSession, host: FunctionHost) -> None:
    async with client.head("/api/v1/large") as response:
        assert response.headers["content-length"] == "2000000"
    async with client.get("/api/v1/large") as response:
        assert len(await response.read()) == 2_000_000
    assert [seen["method"] for seen in host.requests] == ["GET", "GET"]


async def test_a_user_over_the_limit_waits(client: aiohttp.ClientSession, edge: Edge) -> None:
    edge.routes = Routes([Route("POST", "/api/v1/scan", "scan-submit", limits=Policy("scan-submit", 2, 60))])
    for left in (1, 0):
        async with client.post("/api/v1/scan", json={}) as response:
            assert response.status == 201
            assert response.headers["ratelimit"].startswith(f'"scan-submit";r={left};t=')
    async with client.post("/api/v1/scan", json={}) as response:
        assert (await _problem(response))["code"] == "RATE_LIMITED"
        assert response.status == 429
        assert 0 < int(response.headers["retry-after"]) <= 30
        assert response.headers["ratelimit-policy"] == '"scan-submit";q=2;w=60'


async def test_health_tells_what_is_missing(client: aiohttp.ClientSession, host: FunctionHost) -> None:
    async with client.get("/health/live") as response:
        assert response.status == 200
    host.ready = False
    async with client.get("/health/ready") as response:
        assert response.status == 503
        assert (await response.json())["missing"] == {"functions-1": "status 503: warming up"}
    host.ready = True
    async with client.get("/health/ready") as response:
        assert response.status == 200


async def _problem(response: aiohttp.ClientResponse) -> dict[str, Any]:
    assert response.content_type == "application/problem+json"
    problem = json.loads(await response.text())
    assert problem["status"] == response.status
    assert problem["request_id"] == response.headers["x-request-id"]
    assert {"type", "title", "detail", "instance", "code"} <= problem.keys()
    return dict(problem)
