"""Events that wake are published once in a while, and nobody waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from eventing.catalogue import EventData
from functions.runtime import Resources
from functions.runtime import waking as module
from functions.runtime.waking import Waking
from tests.embedded.serving import serving
from tests.functions.asgi_client import Sink


class Expected(EventData):
    type: ClassVar[str] = "eco2.test.expected"


class OtherExpected(EventData):
    type: ClassVar[str] = "eco2.test.other.expected"


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
async def resources(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Resources]:
    async with serving(sink) as port:
        monkeypatch.setenv("K_SINK", f"http://127.0.0.1:{port}")
        resources = Resources({})
        yield resources
        await resources.close()


async def settled(waking: Waking) -> None:
    """Wait until everything that was begun is published or given up."""
    async with asyncio.timeout(10):
        while waking._telling:
            await asyncio.gather(*waking._telling)


async def test_an_event_of_each_type_wakes_once_in_a_while(resources: Resources, sink: Sink) -> None:
    waking = await resources.get(Waking)
    for _ in range(3):
        waking.wake(Expected())
        waking.wake(OtherExpected())
        await settled(waking)
    assert sorted(event.type for event in sink.events) == [Expected.type, OtherExpected.type]


async def test_after_that_while_it_wakes_again(
    resources: Resources, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_AFTER_S", 0.0)
    waking = await resources.get(Waking)
    for _ in range(2):
        waking.wake(Expected())
        await settled(waking)
    assert len(sink.events) == 2
    assert len({event.id for event in sink.events}) == 2


async def test_a_broker_that_refuses_stops_nothing(
    resources: Resources, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    sink.refusing = True
    waking = await resources.get(Waking)
    waking.wake(Expected())
    await settled(waking)
    assert "nothing was woken" in caplog.text


async def test_without_a_broker_nothing_is_woken(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("K_SINK", raising=False)
    resources = Resources({})
    waking = await resources.get(Waking)
    waking.wake(Expected())
    await settled(waking)
    await resources.close()
    assert "K_SINK is not set" in caplog.text


async def test_what_is_not_published_yet_is_given_up_at_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        await over.wait()
        await Response(status_code=202)(scope, receive, send)

    async with serving(silent) as port:
        monkeypatch.setenv("K_SINK", f"http://127.0.0.1:{port}")
        resources = Resources({})
        waking = await resources.get(Waking)
        waking.wake(Expected())
        async with asyncio.timeout(10):
            await asked.wait()
        await waking.close()
        assert not waking._telling
        await resources.close()
        over.set()
    assert not caplog.records
