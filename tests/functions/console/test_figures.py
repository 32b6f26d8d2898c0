"""What processes tell of themselves: read from Prometheus' text, process by process, for operators."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from functions.console import process_figures
from functions.console.figures.func import figures
from functions.console.process_figures import RunningProcesses, read
from functions.runtime import telemetry
from functions.runtime.outside import OutsideClient
from tests.embedded.serving import serving
from tests.functions.asgi_client import Functions

PATH = "/api/v1/console/figures"


def exposition() -> str:
    registry = CollectorRegistry()
    calls = Histogram(
        "eco2_function_duration_seconds", "-", ["function", "status"], buckets=(0.1, 1), registry=registry
    )
    for status, seconds in (("200", 0.05), ("200", 0.5), ("500", 3.0)):
        calls.labels("scan-vision", status).observe(seconds)
    Gauge("eco2_sse_open", "-", registry=registry).set(4)
    Gauge("process_start_time_seconds", "-", registry=registry).set(12.5)
    Gauge("process_resident_memory_bytes", "-", registry=registry).set(7e6)
    Counter("others_total", "-", registry=registry).inc(9)
    return generate_latest(registry).decode()


def test_calls_failures_times_streams_and_memory_are_read() -> None:
    assert read("a:1", exposition()).model_dump() == {
        "process": "a:1",
        "function": "scan-vision",
        "started_at": 12.5,
        "memory_bytes": 7_000_000,
        "streams": 4,
        "calls": 3,
        "failed": 1,
        "within": {"0.1": 1, "1.0": 2, "+Inf": 3},
    }


def test_a_process_of_several_functions_has_no_name_and_one_of_none_is_empty() -> None:
    metrics = telemetry.metrics()
    for function in ("one", "two"):
        metrics.requests.labels(function, "200").observe(0.1)
    assert read("a:1", metrics.exposition().decode()).function == ""
    assert read("a:1", "# nothing\n").calls == 0


async def told(request: Request) -> PlainTextResponse:
    """The figures of a process."""
    return PlainTextResponse(exposition())


async def test_operators_are_told_of_every_process_that_answers() -> None:
    async with serving(Starlette(routes=[Route("/metrics", told)])) as port, serving(Starlette()) as other:
        addresses = f"localhost:{port},127.0.0.1:{other},no.such.name.invalid:1"
        functions = Functions({"ECO2_FIGURES": addresses, "ECO2_OPERATORS": "op"})
        answer = await functions.call(figures, "GET", PATH, user="op")
        stranger = await functions.call(figures, "GET", PATH, user="u1")
        await functions.close()
    assert [(each["process"], each["calls"]) for each in answer.json()] == [(f"127.0.0.1:{port}", 3)]
    assert (stranger.status_code, stranger.json()["code"]) == (404, "ROUTE_NOT_FOUND")


async def test_where_no_address_is_set_there_is_nothing_to_tell() -> None:
    functions = Functions({"ECO2_ENV": "local"})
    assert (await functions.call(figures, "GET", PATH, user="u1")).json() == []
    await functions.close()


async def test_many_who_watch_ask_a_process_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def counted(request: Request) -> PlainTextResponse:
        nonlocal asked
        asked += 1
        return await told(request)

    monkeypatch.setattr(process_figures, "KEPT_S", 60.0)
    client = OutsideClient("figures", timeout_s=5)
    async with serving(Starlette(routes=[Route("/metrics", counted)])) as port:
        processes = RunningProcesses(client, [f"127.0.0.1:{port}"])
        found = await asyncio.gather(*(processes.figures() for _ in range(5)))
    await client.close()
    assert asked == 1
    assert all(each == found[0] for each in found)
