"""Dead letters are held and announced; ticks are not, and what is due is sent again by the clock."""

from __future__ import annotations

import random
import string
from collections.abc import AsyncIterator

import psycopg
import pytest

from eventing.catalogue import from_event
from functions.ops.dead_letters import DeadLetters
from functions.ops.events import EventQuarantined, RedriveRequested, SweepRequested
from functions.ops.outgoing import OpsOutgoing
from functions.ops.quarantine.func import quarantine
from functions.ops.redrive.func import redrive
from functions.ops.relay.func import relay
from tests.embedded.serving import serving
from tests.functions.asgi_client import Functions, Sink
from tests.functions.ops.test_dead_letters import letter


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
async def functions(
    sink: Sink, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Functions]:
    async with serving(sink) as port:
        monkeypatch.setenv("K_SINK", f"http://127.0.0.1:{port}")
        functions = Functions({"ECO2_DATABASE_URL": postgres_url})
        yield functions
        await functions.close()


async def test_a_dead_letter_is_held_and_announced_once_however_often_it_comes(
    functions: Functions, sink: Sink
) -> None:
    for _ in range(2):
        assert (await functions.deliver(quarantine, letter())).status_code < 300
    (event,) = sink.events
    told = from_event(EventQuarantined, event)
    assert (told.type_of, told.trigger, told.code) == ("eco2.scan.requested", "scan-vision", 503)
    assert told.about == "scan"
    letters = await functions.resources.get(DeadLetters)
    assert len(await letters.list()) == 1


async def test_an_announcement_that_the_broker_could_not_take_leaves_with_the_next_sweep(
    functions: Functions, sink: Sink
) -> None:
    sink.refusing = True
    assert (await functions.deliver(quarantine, letter())).status_code < 300
    sink.refusing = False
    await (await functions.resources.get(OpsOutgoing)).relay(grace_s=0)
    assert [event.type for event in sink.events] == ["eco2.ops.event.quarantined"]
    assert (await functions.deliver(relay, SweepRequested())).status_code < 300
    assert len(sink.events) == 1


async def test_an_event_with_the_longest_of_ids_is_held(functions: Functions) -> None:
    """More than a row of an index takes: held back for ever it would have kept the place of the next one."""
    long = "".join(random.Random(1).choices(string.ascii_letters, k=6_000))
    for _ in range(2):
        assert (await functions.deliver(quarantine, letter(long))).status_code < 300
    letters = await functions.resources.get(DeadLetters)
    (held,) = await letters.list()
    assert len(held.event_id) < 200
    assert (await letters.show(held.id))[1].id == long


async def test_a_tick_that_failed_is_left_to_the_next(functions: Functions, sink: Sink) -> None:
    tick = RedriveRequested()
    assert (await functions.deliver(quarantine, tick)).status_code < 300
    assert sink.events == []
    assert await (await functions.resources.get(DeadLetters)).list() == []


async def test_what_is_due_is_sent_again(functions: Functions, sink: Sink, postgres_url: str) -> None:
    await functions.deliver(quarantine, letter())
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute("UPDATE ops.quarantine SET due_at = now()")
    assert (await functions.deliver(redrive, RedriveRequested())).status_code < 300
    assert [event.type for event in sink.events] == ["eco2.ops.event.quarantined", "eco2.scan.requested"]
