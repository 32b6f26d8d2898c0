"""What every edge does for clients and functions: one suite, inherited by the tests of each edge.

An edge's test class gives `before`: how to put that edge before a function host's port.
"""

from __future__ import annotations

import asyncio
import json
from ipaddress import ip_address
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.edges.doors import Doors
from tests.edges.fixtures import JOB, ORIGIN, Before, Fixtures, problem_of, session
from tests.edges.host import USER, FunctionHost


class Requests(Fixtures):
    """What reaches a function, and what of its answer reaches the client."""

    async def test_a_request_reaches_the_function_of_its_route_as_it_was_sent(
        self, client: aiohttp.ClientSession
    ) -> None:
        async with client.post("/api/v1/scan?x=%26&y=1", json={"a": "가"}) as response:
            assert response.status == 201
            seen = await response.json()
        assert seen["function"] == "scan-submit"
        assert (seen["path"], seen["query"]) == ("/api/v1/scan", "x=%26&y=1")
        assert json.loads(seen["body"]) == {"a": "가"}
        assert ip_address(seen["headers"]["x-forwarded-for"])  # one; Envoy tells the machine's for loopback
        assert seen["headers"]["x-forwarded-proto"] == "http"
        assert seen["headers"]["x-forwarded-host"].startswith("127.0.0.1:")

    async def test_where_a_request_came_from_is_not_the_clients_to_say(
        self, client: aiohttp.ClientSession
    ) -> None:
        forged = {"X-Forwarded-For": "9.9.9.9", "X-Forwarded-Host": "evil", "X-Forwarded-Proto": "https"}
        async with client.get("/api/v1/scan/categories", headers=forged) as response:
            headers = (await response.json())["headers"]
        assert headers["x-forwarded-for"] != "9.9.9.9"
        assert ip_address(headers["x-forwarded-for"])
        assert headers["x-forwarded-host"].startswith("127.0.0.1:")
        assert headers["x-forwarded-proto"] == "http"

    @pytest.mark.parametrize(
        ("method", "path", "function"),
        [
            ("GET", "/api/v1/scan/categories", "scan-categories"),
            ("GET", f"{JOB}/result", "scan-result"),
            ("GET", "/api/v1/scan/categories/result", "scan-result"),  # goes back from the literal
            ("GET", "/api/v1/scan/%EA%B0%80%20b/result", "scan-result"),
            ("GET", "/api/v1/scan/a%2Fb/result", "scan-result"),  # an encoded slash separates nothing
            ("DELETE", JOB, "scan-cancel"),
            ("PATCH", JOB, "scan-rename"),
            ("PATCH", "/api/v1/scan/a;b=c", "scan-rename"),
        ],
    )
    async def test_method_and_path_decide(
        self, client: aiohttp.ClientSession, host: FunctionHost, method: str, path: str, function: str
    ) -> None:
        url = URL(str(client._base_url).rstrip("/") + path, encoded=True)
        async with client.request(method, url) as response:
            assert response.status == 201
            seen = await response.json()
        assert (seen["function"], seen["path"]) == (function, path)

    async def test_identity_headers_of_a_client_never_arrive(self, client: aiohttp.ClientSession) -> None:
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

    async def test_internal_headers_of_a_function_never_leave(self, client: aiohttp.ClientSession) -> None:
        async with client.post(
            "/api/v1/scan", json={}, headers={"X-Request-Id": "a-request-0001"}
        ) as response:
            assert "x-user-id" not in response.headers
            assert "access-control-allow-origin" not in response.headers
            assert response.headers.getall("x-request-id") == ["a-request-0001"]
            assert response.headers["set-cookie"] == "a=b"
            assert "server" not in response.headers
            assert not [name for name in response.headers if name.lower().startswith("x-envoy")]

    @pytest.mark.parametrize("sent", [None, "short", "with space in it", "x" * 200, 'quo"te-quote'])
    async def test_a_missing_or_odd_request_id_is_replaced(
        self, client: aiohttp.ClientSession, sent: str | None
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
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", False),
            ("nonsense", False),
            (None, False),
        ],
    )
    async def test_a_trace_goes_on_or_begins(
        self, client: aiohttp.ClientSession, sent: str | None, kept: bool
    ) -> None:
        headers = {"traceparent": sent} if sent else {}
        async with client.get("/api/v1/scan/categories", headers=headers) as response:
            seen = (await response.json())["headers"]["traceparent"]
        assert (seen == sent) is kept
        assert seen.startswith("00-")
        assert len(seen) == 55

    async def test_head_is_a_get_without_its_body(self, client: aiohttp.ClientSession) -> None:
        async with client.head("/api/v1/large") as response:
            assert response.headers["content-length"] == "2000000"
        async with client.get("/api/v1/large") as response:
            assert len(await response.read()) == 2_000_000

    async def test_a_body_up_to_the_bound_arrives_whole(self, client: aiohttp.ClientSession) -> None:
        body = "x" * 1_048_576
        async with client.post("/api/v1/large", data=body) as response:
            assert response.status == 201
            assert (await response.json())["body"] == body

    async def test_a_user_over_the_limit_waits(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        for left in (1, 0):
            async with client.post("/api/v1/limited", json={}) as response:
                assert response.status == 201
                assert response.headers["ratelimit"].startswith(f'"test-limited";r={left};t=')
        async with client.post("/api/v1/limited", json={}, headers={"Origin": ORIGIN}) as response:
            assert (await problem_of(response))["code"] == "RATE_LIMITED"
            assert response.status == 429
            assert 0 < int(response.headers["retry-after"]) <= 30
            assert response.headers["ratelimit-policy"] == '"test-limited";q=2;w=60'
            assert response.headers["access-control-allow-origin"] == ORIGIN
        host.authorize = (200, {"x-user-id": "another"}, b"")
        async with client.post("/api/v1/limited", json={}) as response:
            assert response.status == 201
        host.said = {"ratelimit": '"turns";r=0;t=5'}  # of a share that the function counts
        async with client.post("/api/v1/limited", json={}) as response:
            assert response.headers.getall("ratelimit") == ['"turns";r=0;t=5']

    async def test_health_is_told(self, client: aiohttp.ClientSession) -> None:
        for path, status in (("/health/live", "live"), ("/health/ready", "ready")):
            async with client.get(path) as response:
                assert response.status == 200
                assert response.content_type == "application/json"
                assert await response.json() == {"status": status}
                assert response.headers["cache-control"] == "no-store"
        async with client.head("/health/live") as response:
            assert response.status == 200
        async with client.get("/health/other") as response:
            assert (await problem_of(response))["code"] == "NOT_FOUND"


class Authorization(Fixtures):
    """Sign-in is checked once for every request that needs it."""

    async def test_the_check_carries_path_and_credentials(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        sent = {"Cookie": "s_access=token", "Authorization": "Bearer b", "X-Canary": "true", "X-Other": "1"}
        sent |= {"User-Agent": "kube-probe/1.34", "K-Network-Probe": "activator", "K-Kubelet-Probe": "1"}
        async with client.delete(f"{JOB}?a=b", headers=sent):
            pass
        check = host.requests[0]
        assert (check["function"], check["method"]) == ("auth-authorize", "DELETE")
        assert check["path"] == JOB
        assert check["headers"]["cookie"] == "s_access=token"
        assert check["headers"]["authorization"] == "Bearer b"
        assert check["headers"]["x-request-id"] == host.requests[1]["headers"]["x-request-id"]
        envoys_own = {"host", "x-forwarded-for", "x-forwarded-proto", "content-length", "x-envoy-internal"}
        carried = check["headers"].keys() - envoys_own
        assert carried == {"cookie", "authorization", "x-request-id", "traceparent", "x-eco2-inside"}

    async def test_a_refusal_is_the_clients_answer(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        refused = {"content-type": "application/problem+json", "www-authenticate": "Bearer", "x-user-id": "x"}
        host.authorize = (401, refused, b'{"code":"LOGIN_REQUIRED"}')
        async with client.post("/api/v1/scan", json={}, headers={"Origin": ORIGIN}) as response:
            assert response.status == 401
            assert response.content_type == "application/problem+json"
            assert (await response.json(content_type=None)) == {"code": "LOGIN_REQUIRED"}
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert "x-user-id" not in response.headers
        assert [seen["function"] for seen in host.requests] == ["auth-authorize"]

    @pytest.mark.parametrize("status", [500, 503])
    async def test_a_failing_check_closes(
        self, client: aiohttp.ClientSession, host: FunctionHost, status: int
    ) -> None:
        host.authorize = (status, {}, b"secret trace")
        async with client.get(f"{JOB}/result") as response:
            problem = await problem_of(response)
        assert (response.status, problem["code"]) == (503, "AUTHORIZATION_UNAVAILABLE")
        assert response.headers["retry-after"]
        assert "secret" not in str(problem)
        assert [seen["function"] for seen in host.requests] == ["auth-authorize"]

    async def test_no_check_closes(self, before: Before, unused_tcp_port: int) -> None:
        async with (
            before(unused_tcp_port) as url,
            session(url) as client,
            client.get(f"{JOB}/result") as response,
        ):
            assert (await problem_of(response))["code"] == "AUTHORIZATION_UNAVAILABLE"
            assert response.status == 503

    async def test_an_open_route_is_not_checked(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        async with client.get("/api/v1/scan/categories") as response:
            assert response.status == 201
        assert [seen["function"] for seen in host.requests] == ["scan-categories"]


class CrossOrigin(Fixtures):
    """Exact origins with credentials; never `*`."""

    @pytest.mark.parametrize("path", ["/api/v1/scan", f"{JOB}/events", "/api/v1/unknown"])
    async def test_a_preflight_is_answered_here(
        self, client: aiohttp.ClientSession, host: FunctionHost, path: str
    ) -> None:
        asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "PATCH"}
        async with client.options(path, headers=asked) as response:
            assert response.status == 204
        headers = response.headers
        assert headers["access-control-allow-origin"] == ORIGIN
        assert headers["access-control-allow-credentials"] == "true"
        methods = {method.strip() for method in headers["access-control-allow-methods"].split(",")}
        assert {"GET", "POST", "PATCH", "DELETE", "PUT"} <= methods
        allowed = {name.strip().lower() for name in headers["access-control-allow-headers"].split(",")}
        assert {"content-type", "x-frontend-origin", "idempotency-key", "x-idempotency-key"} <= allowed
        assert {"authorization", "last-event-id", "x-request-id"} <= allowed
        assert "Origin" in headers["vary"]
        assert headers["x-request-id"]
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
            assert response.headers["vary"] == "Origin, Accept-Encoding"

    async def test_on_this_machine_every_loopback_origin_is_allowed(
        self, before: Before, unused_tcp_port: int
    ) -> None:
        async with before(unused_tcp_port, loopback=True) as url, session(url) as client:
            for origin in ("http://localhost:5173", "http://127.0.0.1:8080", "https://[::1]:1"):
                async with client.get("/api/v1/unknown", headers={"Origin": origin}) as response:
                    assert response.status == 404
                    assert response.headers["access-control-allow-origin"] == origin
                    assert response.headers["access-control-allow-credentials"] == "true"
            for origin in (
                "http://localhost.evil",
                "http://127.0.0.1.evil:80",
                "http://1270.0.0.1",
                "http://127.0.0.2",
                "http://app.localhost",
            ):
                async with client.get("/api/v1/unknown", headers={"Origin": origin}) as response:
                    assert "access-control-allow-origin" not in response.headers

    async def test_a_stream_is_readable_across_origins(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        host.more.set()
        async with client.get(f"{JOB}/events", headers={"Origin": ORIGIN}) as response:
            assert response.headers["access-control-allow-origin"] == ORIGIN


class Streams(Fixtures):
    """Server-sent events."""

    async def test_a_stream_is_handed_on_piece_by_piece_and_outlives_the_timeout(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        async with client.get(f"{JOB}/events") as response:
            assert await response.content.readuntil(b"\n\n") == b"event: queued\n\n"
            await asyncio.sleep(0.7)  # longer than the route's timeout
            host.more.set()
            assert await response.content.read() == b"event: done\n\n"

    async def test_a_stream_that_does_not_begin_is_504(self, client: aiohttp.ClientSession) -> None:
        async with client.get("/api/v1/slow/stream") as response:
            assert (await problem_of(response))["code"] == "UPSTREAM_TIMEOUT"
            assert response.status == 504

    async def test_a_client_that_leaves_disconnects_the_function(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        async with client.get(f"{JOB}/events") as response:
            await response.content.readuntil(b"\n\n")
            response.close()
        async with asyncio.timeout(5):
            await host.disconnected.wait()


class Refusals(Fixtures):
    """What the edge answers itself is a problem document."""

    @pytest.mark.parametrize("path", ["/", "/api/v1/nothing", "/api/v1/scan//result", "/api/v1/scan/"])
    async def test_an_unknown_path_is_404(self, client: aiohttp.ClientSession, path: str) -> None:
        async with client.get(f"{path}?token=secret") as response:
            problem = await problem_of(response)
        assert (response.status, problem["code"]) == (404, "NOT_FOUND")
        assert problem["instance"] == path

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PUT", f"{JOB}/result", "GET, HEAD, OPTIONS"),
            ("GET", JOB, "DELETE, OPTIONS, PATCH"),
            ("GET", "/api/v1/scan/a%2Fb", "DELETE, OPTIONS, PATCH"),
            ("DELETE", "/api/v1/scan/categories", "GET, HEAD, OPTIONS"),  # the literal decides, not {job_id}
            ("OPTIONS", "/api/v1/scan", "OPTIONS, POST"),
        ],
    )
    async def test_another_method_is_405_with_allow(
        self, client: aiohttp.ClientSession, host: FunctionHost, method: str, path: str, allowed: str
    ) -> None:
        url = URL(str(client._base_url).rstrip("/") + path, encoded=True)
        async with client.request(method, url) as response:
            problem = await problem_of(response)
        assert (response.status, problem["code"]) == (405, "METHOD_NOT_ALLOWED")
        assert response.headers["allow"] == allowed
        assert allowed in problem["detail"]
        assert not host.requests

    async def test_a_large_body_is_413(self, client: aiohttp.ClientSession, host: FunctionHost) -> None:
        async def chunked(pieces: int) -> Any:
            for _ in range(pieces):
                yield b"x" * 100

        for body in (b"x" * 1001, b"x" * 200_000, chunked(11), chunked(2_000)):
            async with client.post("/api/v1/scan", data=body) as response:
                problem = await problem_of(response)
                assert (response.status, problem["code"]) == (413, "BODY_TOO_LARGE")
                assert problem["detail"] == "A request body holds at most 1000 bytes."
        assert not {seen["function"] for seen in host.requests} - {"auth-authorize"}

    async def test_no_function_is_503_with_retry_after(self, before: Before, unused_tcp_port: int) -> None:
        async with (
            before(unused_tcp_port) as url,
            session(url) as client,
            client.get("/api/v1/scan/categories") as response,
        ):
            assert (await problem_of(response))["code"] == "UPSTREAM_UNAVAILABLE"
            assert response.status == 503
            assert int(response.headers["retry-after"]) > 0

    async def test_a_slow_function_is_504(self, client: aiohttp.ClientSession) -> None:
        async with client.get("/api/v1/slow") as response:
            assert (await problem_of(response))["code"] == "UPSTREAM_TIMEOUT"
            assert response.status == 504


class EdgeContract(Requests, Authorization, CrossOrigin, Streams, Refusals, Doors):
    """Inherit and define the fixture `before`."""
