"""Watching the Broker: operators alone, from the latest on, until the process stops or the login ends."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from brokers.metrics import BrokerMetrics
from eventing.cloudevent import CloudEvent
from eventing.deliveries import delivery, recent, write
from functions.console import deliveries
from functions.console.broker_figures import read
from functions.console.deliveries import WatchedDeliveries
from functions.console.observe.func import observe
from functions.console.queues.func import queues
from functions.console.watch.func import watch
from functions.runtime import Resources
from functions.runtime.errors import TooMany
from tests.embedded.serving import serving
from tests.functions.asgi_client import Functions

EVENTS = "/api/v1/console/events"
EVENT = CloudEvent("1", "/eco2/x", "eco2.x.y.z", subject="s", data=b"{}")


@pytest.fixture
async def functions(valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Functions]:
    """Functions of a platform where only user `op` is an operator."""
    monkeypatch.setattr(deliveries, "WAIT_MS", 50)
    made = Functions({"ECO2_REDIS_STREAMS_URL": valkey_url, "ECO2_OPERATORS": "op, other"})
    yield made
    await made.close()


@pytest.mark.parametrize(("function", "path"), [(watch, EVENTS), (queues, "/api/v1/console/queues")])
async def test_for_others_there_is_no_such_path(functions: Functions, function: object, path: str) -> None:
    answer = await functions.call(function, "GET", path, user="u1")  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (404, "ROUTE_NOT_FOUND")
    assert (await functions.call(function, "GET", path)).status_code == 401  # type: ignore[arg-type]


async def test_an_operator_gets_what_was_and_what_comes(functions: Functions, valkey_url: str) -> None:
    async with Redis.from_url(valkey_url) as redis:
        await write(redis, [delivery(EVENT, at=1, trigger="a", attempt=1, status=202)])
        watching = asyncio.create_task(functions.call(watch, "GET", EVENTS, user="op"))
        await asyncio.sleep(0.3)
        await write(redis, [delivery(EVENT, at=2)])
        place, _ = await recent(redis)
        await asyncio.sleep(0.3)
        functions.resources.stop()
        answer = await watching
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert [each["at"] for found in told for each in found] == [1.0, 2.0]
    assert f"id: {place}" in answer.text


async def test_a_reconnect_goes_on_after_the_last_one_it_saw(functions: Functions, valkey_url: str) -> None:
    async with Redis.from_url(valkey_url) as redis:
        await write(redis, [delivery(EVENT, at=1)])
        place, _ = await recent(redis)
        await write(redis, [delivery(EVENT, at=2)])
    for last, times in ((place, [2.0]), ("nonsense", [1.0, 2.0])):
        service = await functions.resources.get(WatchedDeliveries)
        stream = await service.follow(None if last == "nonsense" else last, None)
        first = await anext(stream)
        assert [each["at"] for each in json.loads(str(first.data))] == times
        await stream.aclose()


async def test_silence_is_kept_alive_and_an_ended_login_ends_it(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "KEEPALIVE_S", 0.0)
    service = await functions.resources.get(WatchedDeliveries)
    silent = await service.follow(None, None)
    assert (await anext(silent)).data == "[]"  # connected, though nothing was delivered yet
    assert (await anext(silent)).event == "keepalive"
    await silent.aclose()
    ended = await service.follow(None, time.time() - 1)
    assert (await anext(ended)).event == "error"
    with pytest.raises(StopAsyncIteration):
        await anext(ended)


async def test_so_many_watch_at_most_also_when_they_come_at_once(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "MOST_WATCHERS", 2)
    service = await functions.resources.get(WatchedDeliveries)
    came = await asyncio.gather(*(service.follow(None, None) for _ in range(6)), return_exceptions=True)
    watching = [one for one in came if not isinstance(one, BaseException)]
    assert [type(one) for one in came if isinstance(one, BaseException)] == [TooMany] * 4
    for one in watching:
        await anext(one)
    with pytest.raises(TooMany):
        await service.follow(None, None)
    await watching[0].aclose()
    async with asyncio.timeout(10):
        while True:  # a place is given back a moment later
            try:
                watching[0] = await service.follow(None, None)
            except TooMany:
                await asyncio.sleep(0.01)
            else:
                break
    await anext(watching[0])
    for one in watching:
        await one.aclose()


@pytest.mark.parametrize("on", [True, False])
async def test_what_knative_delivers_is_noted_unless_it_is_switched_off(on: bool, valkey_url: str) -> None:
    functions = Functions({"ECO2_REDIS_STREAMS_URL": valkey_url, "ECO2_WATCH": str(on)})
    answer = await functions.deliver(observe, EVENT)
    await functions.close()
    assert answer.status_code in (202, 204)
    assert answer.content == b""
    async with Redis.from_url(valkey_url) as redis:
        _, found = await recent(redis)
    assert [(each.type, each.trigger, each.status) for each in found] == (
        [("eco2.x.y.z", "", 0)] if on else []
    )


def exposition() -> str:
    metrics = BrokerMetrics()
    vision = metrics.of("scan-vision")
    vision.delivered.inc(3)
    vision.retried.inc()
    vision.waiting.set(2)
    metrics.of("scan-vision.dlq").delivered.inc(9)
    return metrics.text().decode()


def test_figures_are_those_of_the_brokers_metrics() -> None:
    (figures,) = read(exposition())
    assert figures.model_dump() == {
        "trigger": "scan-vision",
        "in_flight": 0,
        "waiting": 2,
        "delivered": 3,
        "retried": 1,
        "rejected": 0,
        "dead_lettered": 0,
        "dropped": 0,
    }


async def test_queues_are_asked_for_where_events_are_sent_and_knatives_tells_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def metrics(_request: object) -> PlainTextResponse:
        return PlainTextResponse(exposition())

    for routes, names in (([Route("/metrics", metrics)], ["scan-vision"]), ([], [])):
        async with serving(Starlette(routes=routes)) as port:
            monkeypatch.setenv("K_SINK", f"http://127.0.0.1:{port}")
            functions = Functions({"ECO2_ENV": "local"})
            answer = await functions.call(queues, "GET", "/api/v1/console/queues", user="anybody")
            await functions.close()
        assert [each["trigger"] for each in answer.json()] == names


def test_resources_know_no_operator_by_default() -> None:
    from functions.runtime.settings import RuntimeSettings

    assert Resources({}).settings(RuntimeSettings).operators == ()
