"""Who may come in by an edge, and what browsers may do with its answers: a part of its contract."""

from __future__ import annotations

import asyncio
import json
import re

import aiohttp
import pytest
from yarl import URL

from tests.edges.fixtures import JOB, ORIGIN, Before, Fixtures, problem_of, session
from tests.edges.host import FunctionHost

OPEN = "/api/v1/scan/categories"
COOKIE = {"Cookie": "s_access=token"}


async def raw(client: aiohttp.ClientSession, *pieces: bytes) -> bytes:
    """What comes back, until the end, for bytes that no HTTP client would send."""
    assert client._base_url
    reader, writer = await asyncio.open_connection(client._base_url.host, client._base_url.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.05 if len(pieces) > 1 else 0)  # so that they are read one by one
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


class Callers(Fixtures):
    """Nobody passes for somebody."""

    @pytest.mark.parametrize("told", [{}, {"x-auth-provider": "local"}, {"x-user-id": ""}])
    async def test_a_check_that_names_nobody_lets_nobody_pass(
        self, client: aiohttp.ClientSession, host: FunctionHost, told: dict[str, str]
    ) -> None:
        host.authorize = (200, told, b"")
        async with client.get(f"{JOB}/result", headers={"X-User-Id": "forged"}) as response:
            assert (await problem_of(response))["code"] == "AUTHORIZATION_UNAVAILABLE"
            assert response.status == 503
            assert response.headers["retry-after"]
        assert [seen["function"] for seen in host.requests] == ["auth-authorize"]
        async with client.get(OPEN) as response:
            assert response.status == 201

    async def test_a_request_does_not_pass_for_a_probe(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        probe = {"User-Agent": "kube-probe/1.34", "K-Network-Probe": "queue", "K-Kubelet-Probe": "1"}
        for sent in (probe, {"User-Agent": "curl/8"}):
            async with client.get(OPEN, headers=sent):
                pass
        for seen, agent in zip(host.requests, ("unknown", "curl/8"), strict=True):
            assert seen["headers"]["user-agent"] == agent
            assert not [name for name in seen["headers"] if name.startswith("k-")]

    async def test_trailers_are_no_headers(self, client: aiohttp.ClientSession, host: FunctionHost) -> None:
        head = b"POST /api/v1/scan HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        head += b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        await raw(client, head + b"2\r\n{}\r\n0\r\nCookie: s_access=token\r\nX-User-Id: forged\r\n\r\n")
        check, function = host.requests
        assert "cookie" not in check["headers"]
        assert "cookie" not in function["headers"]
        assert function["headers"]["x-user-id"] != "forged"
        assert function["body"] == "{}"

    @pytest.mark.parametrize("offer", ["h2c", "websocket", "TLS/1.2"])
    async def test_an_offer_of_another_protocol_is_ignored(
        self, client: aiohttp.ClientSession, host: FunctionHost, offer: str
    ) -> None:
        body = b'{"a":1}'
        head = f"POST /api/v1/large HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\nUpgrade: {offer}"
        head += "\r\nConnection: Upgrade, HTTP2-Settings, close\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
        for pieces in ((head.encode() + body,), (head.encode(), body)):
            answer = await raw(client, *pieces)
            assert answer.startswith(b"HTTP/1.1 201")
            assert answer.count(b"HTTP/1.1 ") == 1
            assert host.requests[-1]["body"] == body.decode()

    @pytest.mark.parametrize(
        "fields", ["X-A: " + "a" * 40_000 + "\r\n", "".join(f"X-{n}: a\r\n" for n in range(200))]
    )
    async def test_headers_are_bounded(
        self, client: aiohttp.ClientSession, host: FunctionHost, fields: str
    ) -> None:
        answer = await raw(client, f"GET {OPEN} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 431")
        assert b"HEADERS_TOO_LARGE" in answer
        assert b"x-content-type-options: nosniff" in answer
        assert not host.requests


class Hosts(Fixtures):
    """Only configured names are served: a page whose name was pointed here gets nothing (DNS rebinding)."""

    @pytest.mark.parametrize("path", [OPEN, f"{JOB}/result", "/health/live", "/objects/b/k", "/unknown"])
    @pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example:80", "localhost", "127.0.0.1."])
    async def test_another_name_is_421(
        self, client: aiohttp.ClientSession, host: FunctionHost, path: str, name: str
    ) -> None:
        async with client.get(path, headers={"Host": name, "Origin": f"http://{name}"}) as response:
            assert (await problem_of(response))["code"] == "HOST_UNKNOWN"
            assert response.status == 421
        asked = {"Host": name, "Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
        async with client.options(path, headers=asked) as response:
            assert response.status == 421
        assert not host.requests

    async def test_a_name_counts_with_any_port(self, client: aiohttp.ClientSession) -> None:
        for name in ("127.0.0.1", "127.0.0.1:9"):
            async with client.get(OPEN, headers={"Host": name}) as response:
                assert response.status == 201

    @pytest.mark.parametrize("fields", ["", "Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n"])
    async def test_a_request_names_one_host(
        self, client: aiohttp.ClientSession, host: FunctionHost, fields: str
    ) -> None:
        answer = await raw(client, f"GET {OPEN} HTTP/1.1\r\nConnection: close\r\n{fields}\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 400")
        assert not host.requests

    @pytest.mark.parametrize("coding", ["xchunked", "gzip, chunked", "identity"])
    async def test_an_unknown_coding_of_a_body_is_not_tried_again(
        self, client: aiohttp.ClientSession, host: FunctionHost, coding: str
    ) -> None:
        head = f"POST {OPEN} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: {coding}\r\n\r\n"
        answer = await raw(client, head.encode() + b"2\r\n{}\r\n0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 501 ")
        assert b"NOT_IMPLEMENTED" in answer
        assert b"retry-after" not in answer
        assert not host.requests

    @pytest.mark.parametrize(
        ("method", "target"),
        [
            ("CONNECT", "127.0.0.1:443"),
            ("CONNECT", "evil.example:443"),
            ("TRACE", OPEN),
            ("TRACE", "/unknown"),
            ("PROPFIND", OPEN),
        ],
    )
    async def test_a_method_that_nobody_serves_is_answered_at_once(
        self, client: aiohttp.ClientSession, host: FunctionHost, method: str, target: str
    ) -> None:
        named = target if method == "CONNECT" else "127.0.0.1"
        head = f"{method} {target} HTTP/1.1\r\nHost: {named}\r\nConnection: close\r\n\r\n"
        answer = await raw(client, head.encode())  # until the end of the connection
        assert re.match(rb"HTTP/1.1 (400|404|405|421) ", answer)
        assert b"application/problem+json" in answer
        assert not host.requests

    async def test_an_answer_by_http_1_0_ends_with_its_connection(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        host.more.set()
        head = f"GET {JOB}/events HTTP/1.0\r\nHost: 127.0.0.1\r\nCookie: s_access=token\r\n\r\n"
        answer = await raw(client, head.encode())
        assert re.match(rb"HTTP/1.[01] 200 ", answer)
        assert b"transfer-encoding" not in answer.partition(b"\r\n\r\n")[0].lower()
        assert answer.endswith(b"\r\n\r\nevent: queued\n\nevent: done\n\n")
        assert host.requests
        host.requests.clear()
        answer = await raw(client, f"GET {OPEN} HTTP/1.0\r\n\r\n".encode())
        assert re.match(rb"HTTP/1.[01] 4", answer)  # who names no host is not served
        assert not host.requests

    async def test_on_a_developers_machine_its_own_names_are_served(
        self, before: Before, unused_tcp_port: int
    ) -> None:
        async with before(unused_tcp_port, loopback=True) as url, session(url) as client:
            for name in ("localhost:8080", "LOCALHOST", "[::1]:80", "127.3.2.1", "eco2.localhost:8088"):
                async with client.get("/health/live", headers={"Host": name}) as response:
                    assert response.status == 200
            for name in ("evil.example", "localhost.evil", "127.0.0.1.evil", "xlocalhost", "1270.0.0.1"):
                async with client.get("/health/live", headers={"Host": name}) as response:
                    assert response.status == 421


class Changes(Fixtures):
    """A page of another origin changes nothing for who is signed in (CSRF)."""

    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT"])
    @pytest.mark.parametrize("origin", ["https://blog.eco2.example", "null", "http://localhost:3000"])
    async def test_a_cookie_does_not_suffice_from_a_foreign_page(
        self, client: aiohttp.ClientSession, host: FunctionHost, method: str, origin: str
    ) -> None:
        path = "/api/v1/scan" if method == "POST" else JOB
        async with client.request(method, path, headers={**COOKIE, "Origin": origin}) as response:
            assert (await problem_of(response))["code"] == "ORIGIN_NOT_ALLOWED"
            assert response.status == 403
        assert not host.requests

    @pytest.mark.parametrize(
        "headers",
        [
            {**COOKIE, "Origin": ORIGIN},
            COOKIE,  # no browser
            {**COOKIE, "Origin": "https://evil.example", "Authorization": "Bearer b"},
            {"Origin": "https://evil.example"},  # nobody is signed in by it
        ],
    )
    async def test_others_may(self, client: aiohttp.ClientSession, headers: dict[str, str]) -> None:
        async with client.post("/api/v1/scan", json={}, headers=headers) as response:
            assert response.status == 201

    async def test_reading_needs_no_origin(self, client: aiohttp.ClientSession) -> None:
        foreign = {**COOKIE, "Origin": "https://evil.example"}
        async with client.get(f"{JOB}/result", headers=foreign) as response:
            assert response.status == 201
            assert "access-control-allow-origin" not in response.headers


class Protections(Fixtures):
    """Browsers are told what they may do with an answer."""

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", OPEN, 201),
            ("POST", "/api/v1/scan", 201),
            ("GET", "/unknown", 404),
            ("PUT", OPEN, 405),
            ("GET", "/health/live", 200),
            ("GET", "/api/v1/slow", 504),
            ("OPTIONS", "/api/v1/scan", 204),
        ],
    )
    async def test_every_answer_says_it(
        self, client: aiohttp.ClientSession, method: str, path: str, status: int
    ) -> None:
        asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
        async with client.request(method, URL(path), headers=asked) as response:
            assert response.status == status
            headers = response.headers
        assert headers.getall("x-content-type-options") == ["nosniff"]
        assert headers.getall("content-security-policy") == ["default-src 'none'; frame-ancestors 'none'"]
        assert headers.getall("referrer-policy") == ["no-referrer"]
        assert headers.getall("cache-control") == ["no-store"]
        assert headers.getall("strict-transport-security") == ["max-age=31536000; includeSubDomains"]

    async def test_a_refused_login_is_not_kept(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        host.authorize = (401, {"content-type": "application/problem+json"}, json.dumps({}).encode())
        async with client.get(f"{JOB}/result") as response:
            assert (response.status, response.headers["cache-control"]) == (401, "no-store")
            assert response.headers["x-content-type-options"] == "nosniff"

    async def test_what_a_function_says_of_its_answer_stays(
        self, client: aiohttp.ClientSession, host: FunctionHost
    ) -> None:
        said = {
            "cache-control": "public, max-age=300",
            "content-security-policy": "default-src 'self'",
            "referrer-policy": "same-origin",
        }
        host.said = said
        async with client.get(OPEN) as response:
            for name, value in said.items():
                assert response.headers.getall(name) == [value]
            assert response.headers["x-content-type-options"] == "nosniff"


class Doors(Callers, Hosts, Changes, Protections):
    """All of it."""
