"""The cluster's edge, a real Envoy, keeps the contract of edges; then what only it does."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from edge.table import EdgeRoute
from tests.edges.contract import EdgeContract
from tests.edges.fixtures import JOB, Before, problem_of, session
from tests.edges.host import ROUTES, FunctionHost
from tests.embedded.serving import serving
from tests.platform.envoy import SECRET, Edge, envoy

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


@pytest.fixture
def host() -> FunctionHost:
    return FunctionHost()


@pytest.fixture
async def edge(host: FunctionHost, tmp_path: Path) -> AsyncIterator[Edge]:
    """Envoy before `host`."""
    async with serving(host) as port, envoy(TABLE, port, tmp_path) as edge:
        yield edge


@pytest.fixture
async def client(edge: Edge) -> AsyncIterator[aiohttp.ClientSession]:
    async with session(edge.url) as client:
        yield client


async def test_functions_are_found_by_their_names_in_the_cluster(client: aiohttp.ClientSession) -> None:
    async with client.get("/api/v1/scan/categories") as response:
        assert (await response.json())["headers"]["host"] == "scan-categories.eco2.svc.cluster.local"


async def test_functions_know_the_edge_by_a_secret_that_clients_neither_say_nor_hear(
    client: aiohttp.ClientSession, edge: Edge, host: FunctionHost
) -> None:
    async with client.get(f"{JOB}/result", headers={"X-Eco2-Inside": "forged"}) as response:
        assert "x-eco2-inside" not in response.headers
    async with client.put("/objects/eco2-images/a.png", headers={"X-Eco2-Inside": "forged"}):
        pass
    check, function, store = host.requests
    assert check["headers"]["x-eco2-inside"] == function["headers"]["x-eco2-inside"] == SECRET
    assert "x-eco2-inside" not in store["headers"]
    configured = (edge.log.parent / edge.log.name.replace(".log", ".json")).read_text()
    assert SECRET not in configured + edge.log.read_text()


@pytest.mark.parametrize(("sent", "tag"), [("true", "canary"), ("false", None), (None, None)])
async def test_a_client_may_choose_the_canary_and_no_other_revision(
    client: aiohttp.ClientSession, sent: str | None, tag: str | None
) -> None:
    headers = {"Knative-Serving-Tag": "debug", "Knative-Serving-Namespace": "kube-system"}
    headers |= {"X-Canary": sent} if sent else {}
    async with client.get("/api/v1/scan/categories", headers=headers) as response:
        seen = (await response.json())["headers"]
    assert seen.get("knative-serving-tag") == tag
    assert "knative-serving-namespace" not in seen


async def test_a_client_can_not_steer_the_proxy(client: aiohttp.ClientSession, host: FunctionHost) -> None:
    sent = {"x-envoy-upstream-rq-timeout-ms": "1", "x-envoy-retry-on": "5xx", "x-envoy-max-retries": "9"}
    headers = {**sent, "x-edge-id": "no hexadecimal digits"}
    async with client.get("/api/v1/scan/categories", headers=headers):
        pass
    (seen,) = host.requests
    assert not (sent.keys() | {"x-edge-id"}) & seen["headers"].keys()
    assert "hex" not in seen["headers"]["traceparent"]


async def test_what_a_proxy_says_becomes_a_problem(client: aiohttp.ClientSession) -> None:
    async with client.get("/api/v1/plain", headers={"Accept": "*/*"}) as response:
        problem = await problem_of(response)
    assert (response.status, problem["code"]) == (503, "UPSTREAM_UNAVAILABLE")
    assert problem["instance"] == "/api/v1/plain"
    assert "10.0.0.1" not in str(problem)
    assert response.headers["retry-after"] == "2"
    async with client.head("/api/v1/plain") as response:
        assert response.status == 503


async def test_an_address_over_the_limit_waits_where_nobody_signs_in(client: aiohttp.ClientSession) -> None:
    statuses = []
    for number in range(4):
        async with client.get("/api/v1/limited/open", headers={"X-User-Id": f"user-{number}"}) as response:
            statuses.append(response.status)
    assert statuses == [201, 201, 201, 429]


async def test_all_that_one_address_asks_is_counted_before_anybody_is_asked(
    host: FunctionHost, tmp_path: Path
) -> None:
    async with (
        serving(host) as port,
        envoy(TABLE, port, tmp_path, address_limit=(3, 30)) as edge,
        session(edge.url) as client,
    ):
        for path, status in (("/unknown", 404), (f"{JOB}/result", 201), ("/health/live", 200)):
            async with client.get(path) as response:
                assert response.status == status
        async with client.get(f"{JOB}/result") as response:
            assert (await problem_of(response))["code"] == "RATE_LIMITED"
            assert response.headers["retry-after"] == "10"
    assert len(host.requests) == 2


@pytest.mark.parametrize(
    ("proxies", "sent", "last"),
    [
        (2, ["{n}.1.1.1, 8.8.8.8, 10.0.0.{n}", "8.8.8.8, 10.0.0.9"], 429),  # what a client says of itself
        (2, ["8.8.8.{n}, 10.0.0.1", "8.8.8.9, 10.0.0.1"], 200),
        (2, ["8.8.8.{n}", "8.8.8.9"], 429),  # past the proxies: the peer
        (0, ["8.8.8.{n}, 10.0.0.1", "8.8.8.9"], 429),
    ],
)
async def test_behind_proxies_the_farthest_says_whose_request_it_is(
    host: FunctionHost, tmp_path: Path, proxies: int, sent: list[str], last: int
) -> None:
    often, once = sent
    addresses = [*(often.format(n=number) for number in (1, 2, 3)), once]
    statuses = []
    async with (
        serving(host) as port,
        envoy(TABLE, port, tmp_path, address_limit=(3, 30), proxies=proxies) as edge,
        session(edge.url) as client,
    ):
        for address in addresses:
            async with client.get("/health/live", headers={"X-Forwarded-For": address}) as response:
                statuses.append(response.status)
    assert statuses == [200, 200, 200, last]


async def test_behind_proxies_functions_are_told_the_clients_address_first(
    host: FunctionHost, tmp_path: Path
) -> None:
    async with (
        serving(host) as port,
        envoy(TABLE, port, tmp_path, proxies=2) as edge,
        session(edge.url) as client,
        client.get(f"{JOB}/result", headers={"X-Forwarded-For": "9.9.9.9, 8.8.8.8, 10.0.0.1"}) as response,
    ):
        assert response.status == 201
    told = host.requests[-1]["headers"]["x-forwarded-for"]
    assert told.partition(",")[0].strip() == "8.8.8.8"
    assert "9.9.9.9" not in told


async def test_a_refused_check_counts_for_nobody(client: aiohttp.ClientSession, host: FunctionHost) -> None:
    passed, host.authorize = host.authorize, (401, {}, b"")
    for _ in range(3):
        async with client.post("/api/v1/limited", json={}) as response:
            assert response.status == 401
            assert "ratelimit" not in response.headers
    host.authorize = passed
    async with client.post("/api/v1/limited", json={}) as response:
        assert response.status == 201


async def test_objects_go_to_the_store_unchecked_with_the_host_they_are_signed_for(
    client: aiohttp.ClientSession, edge: Edge, host: FunctionHost
) -> None:
    picture = b"x" * (2 * 1024 * 1024)
    async with client.put(
        "/objects/eco2-images/a.png?X-Amz-Signature=s", data=io.BytesIO(picture)
    ) as response:
        assert response.status == 201
    (put,) = host.requests
    assert put["body"] == picture.decode()
    assert f"http://{put['headers']['host']}" == edge.url
    assert put["query"] == "X-Amz-Signature=s"


NO_POD = b"HTTP/1.1 503 No\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 4\r\n\r\ngone"
NOT_NOW = b"HTTP/1.1 503 No\r\ncontent-type: application/problem+json\r\ncontent-length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("answer", "tried"),
    [
        (b"", ["GET", "GET", "GET", "POST", "DELETE", "DELETE", "DELETE"]),  # the connection is lost
        (NO_POD, ["GET", "GET", "GET", "POST", "DELETE", "DELETE", "DELETE"]),
        (NOT_NOW, ["GET", "POST", "DELETE"]),  # a function's own answer counts
    ],
)
async def test_only_a_request_that_may_be_repeated_is_tried_again(
    tmp_path: Path, answer: bytes, tried: list[str]
) -> None:
    seen: list[str] = []

    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            seen.append(head.split(b" ")[0].decode())
            writer.write(answer)
        writer.close()

    async with await asyncio.start_server(broken, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        table = [
            EdgeRoute(method, "/api/v1/thing", "thing", auth=False) for method in ("GET", "POST", "DELETE")
        ]
        async with envoy(table, port, tmp_path) as edge, session(edge.url) as client:
            for method in ("GET", "POST", "DELETE"):
                async with client.request(method, "/api/v1/thing") as response:
                    assert response.status == 503
    assert seen == tried


async def test_the_log_holds_neither_queries_nor_credentials(
    client: aiohttp.ClientSession, edge: Edge
) -> None:
    sent = {"Cookie": "s_access=secret", "Authorization": "Bearer secret", "X-Request-Id": "request-0001"}
    async with client.get(f"{JOB}/result?code=secret", headers=sent) as response:
        assert response.status == 201
    async with client.get("/nothing?code=secret", headers=sent) as response:
        assert response.status == 404
    edge.process.send_signal(signal.SIGTERM)  # the log is written at the end
    await asyncio.wait_for(edge.process.wait(), 10)
    text = edge.log.read_text()
    lines = [line for line in map(json.loads, text.splitlines()) if "path" in line]
    assert [(line["path"], line["status"], line["function"]) for line in lines] == [
        (f"{JOB}/result", 201, "scan-result"),
        ("/nothing", 404, None),
    ]
    assert {line["request_id"] for line in lines} == {"request-0001"}
    assert "secret" not in text


async def test_draining_lets_requests_end_and_sends_clients_elsewhere(
    client: aiohttp.ClientSession, edge: Edge, host: FunctionHost
) -> None:
    async with client.get(f"{JOB}/events") as stream, session(edge.operations) as kubelet:
        await stream.content.readuntil(b"\n\n")
        hook = asyncio.create_task(_status(kubelet, "/drain"))
        await asyncio.sleep(0.3)
        async with client.get("/api/v1/scan/categories") as response:
            assert response.status == 201
            assert response.headers["connection"] == "close"
        assert await asyncio.wait_for(hook, 5) == 200
        host.more.set()
        assert await stream.content.read() == b"event: done\n\n"  # until SIGTERM
    async with session(edge.url) as late:
        with pytest.raises(aiohttp.ClientConnectionError):
            await late.get("/api/v1/scan/categories")


async def _status(client: aiohttp.ClientSession, path: str) -> int:
    async with client.get(path) as response:
        return response.status


async def test_operations_are_no_part_of_the_public_port(client: aiohttp.ClientSession, edge: Edge) -> None:
    for path in ("/drain", "/metrics", "/stats", "/config_dump"):
        async with client.get(path) as response:
            assert response.status == 404
    async with session(edge.operations) as operations:
        async with operations.get("/metrics") as response:
            assert "envoy_http_downstream_rq_total" in await response.text()
        async with operations.get("/config_dump") as response:
            assert response.status == 404


async def test_an_origin_that_is_none_stops_the_start(tmp_path: Path, unused_tcp_port: int) -> None:
    with pytest.raises(pytest.fail.Exception, match="is no origin"):
        async with envoy(TABLE, unused_tcp_port, tmp_path, origins="*"):
            pass


async def test_spans_go_to_the_collector_and_the_clients_trace_goes_on(
    host: FunctionHost, tmp_path: Path
) -> None:
    received: asyncio.Queue[Span] = asyncio.Queue()

    async def collect(request: web.Request) -> web.Response:
        assert request.path == "/v1/traces"
        exported = ExportTraceServiceRequest.FromString(await request.read())
        for resource in exported.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    received.put_nowait(span)
        return web.Response()

    server = TestServer(web.Application())
    server.app.router.add_post("/{path:.*}", collect)
    async with (
        server,
        serving(host) as port,
        envoy(TABLE, port, tmp_path, collector=f"http://127.0.0.1:{server.port}/v1/traces") as edge,
        session(edge.url) as client,
    ):
        for number in range(5):  # Envoy sends as soon as it has five
            sent = {"traceparent": f"00-{number + 1:032x}-b7ad6b7169203331-01"}
            async with client.get("/api/v1/scan/categories", headers=sent) as response:
                assert response.status == 201
        async with asyncio.timeout(10):
            spans = [await received.get() for _ in range(5)]
    assert {span.trace_id.hex() for span in spans} == {f"{number + 1:032x}" for number in range(5)}
    assert {span.parent_span_id.hex() for span in spans} == {"b7ad6b7169203331"}
    below = {seen["headers"]["traceparent"].split("-")[2] for seen in host.requests}
    assert below == {span.span_id.hex() for span in spans}


async def test_an_edge_whose_collector_leads_nowhere_serves(host: FunctionHost, tmp_path: Path) -> None:
    nowhere = "http://collector.monitoring.invalid:4318/v1/traces"
    async with (
        serving(host) as port,
        envoy(TABLE, port, tmp_path, collector=nowhere) as edge,
        session(edge.url) as client,
    ):
        for _ in range(10):  # more than Envoy sends at once
            async with client.get("/api/v1/scan/categories") as response:
                assert response.status == 201
        assert len({seen["headers"]["traceparent"] for seen in host.requests}) == 10
