from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
import pytest

from eventing.cloudevent import CloudEvent
from eventing.errors import PublishFailed
from functions.ops.dead_letters import DeadLetters, UnknownDeadLetter, failed_at, without_errors
from functions.ops.events import RedriveRequested
from functions.ops.quarantine.func import quarantine
from functions.ops.redrive import func
from functions.runtime import telemetry
from functions.runtime.database import Database
from tests.functions.asgi_client import Functions


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    opened = Database(postgres_url, 4)
    yield opened
    await opened.close()


@pytest.fixture
def letters(database: Database) -> DeadLetters:
    return DeadLetters(database, redrive_limit=2, redrive_delay_s=60)


def letter(id: str = "1", redrive: int = 0, **extensions: str) -> CloudEvent:
    """A dead letter as a broker delivers it."""
    if redrive:
        extensions["redrive"] = str(redrive)
    return CloudEvent(
        id=id,
        source="/eco2/scan/submit",
        type="eco2.scan.requested",
        subject="job-1",
        datacontenttype="application/json",
        extensions={
            "userid": "u1",
            "knativeerrordest": "http://scan-vision.eco2.svc.cluster.local/",
            "knativeerrorcode": "503",
            "knativeerrordata": base64.b64encode(b"busy").decode(),
            **extensions,
        },
        data=b'{"x": 1}',
    )


class Broker:
    """Takes what is published, or refuses."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.events: list[CloudEvent] = []
        self.refuses = refuses

    async def publish(self, event: CloudEvent) -> None:
        if self.refuses:
            raise PublishFailed("down", retryable=True)
        self.events.append(event)


async def make_due(postgres_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute("UPDATE ops.quarantine SET due_at = now() WHERE due_at IS NOT NULL")


async def test_a_dead_letter_is_held_once_per_event_and_trigger(letters: DeadLetters) -> None:
    assert await letters.store(letter())
    assert not await letters.store(letter())
    assert await letters.store(letter(knativeerrordest="http://scan-rule.eco2.svc.cluster.local/"))
    assert await letters.store(letter("2"))
    held = await letters.list()
    assert [(row.event_id, row.trigger) for row in held] == [
        ("2", "scan-vision"),
        ("1", "scan-rule"),
        ("1", "scan-vision"),
    ]
    assert held[0].error_code == 503
    assert held[0].state == "held"


async def test_it_shows_the_event_as_it_was_before_it_failed(letters: DeadLetters) -> None:
    await letters.store(letter())
    row, event = await letters.show((await letters.list())[0].id)
    assert row.subject == "job-1"
    assert event == without_errors(letter())
    assert event.extensions == {"userid": "u1"}
    assert event.data == b'{"x": 1}'
    with pytest.raises(UnknownDeadLetter):
        await letters.show(99)


async def test_listing_goes_by_state_and_type_and_continues(letters: DeadLetters) -> None:
    for number in range(5):
        await letters.store(letter(str(number)))
    first = await letters.list(limit=2)
    assert [row.event_id for row in first] == ["4", "3"]
    assert [row.event_id for row in await letters.list(before=first[-1].id)] == ["2", "1", "0"]
    assert not await letters.list(state="redriven")
    assert not await letters.list(type="eco2.other")
    assert len(await letters.list(type="eco2.scan.requested", state="held")) == 5


async def test_replay_sends_the_event_with_its_count_and_without_errors(letters: DeadLetters) -> None:
    broker = Broker()
    await letters.store(letter())
    (held,) = await letters.list()
    await letters.replay(broker.publish, held.id)
    (sent,) = broker.events
    assert sent.extensions == {"userid": "u1", "redrive": "1"}
    assert (sent.id, sent.source, sent.data) == ("1", "/eco2/scan/submit", b'{"x": 1}')
    (held,) = await letters.list()
    assert (held.state, held.redrives) == ("redriven", 1)
    with pytest.raises(UnknownDeadLetter):
        await letters.replay(broker.publish, 99)


async def test_a_refused_replay_changes_nothing(letters: DeadLetters) -> None:
    await letters.store(letter())
    (before,) = await letters.list()
    with pytest.raises(PublishFailed):
        await letters.replay(Broker(refuses=True).publish, before.id)
    assert await letters.list() == [before]


async def test_only_what_is_due_is_redriven(letters: DeadLetters, postgres_url: str) -> None:
    broker = Broker()
    await letters.store(letter())
    assert await letters.redrive_due(broker.publish) == 0
    await make_due(postgres_url)
    assert await letters.redrive_due(broker.publish) == 1
    assert await letters.redrive_due(broker.publish) == 0
    assert len(broker.events) == 1


async def test_a_letter_that_fails_again_waits_longer_until_it_is_exhausted(
    letters: DeadLetters, postgres_url: str
) -> None:
    broker = Broker()
    await letters.store(letter())
    waits = []
    for redrive in (1, 2):
        (held,) = await letters.list()
        assert held.due_at
        waits.append((held.due_at - held.last_seen_at).total_seconds())
        await make_due(postgres_url)
        assert await letters.redrive_due(broker.publish) == 1
        assert await letters.store(letter(redrive=redrive))
        assert not await letters.store(letter(redrive=redrive)), "a repeat of the same failure"
        assert not await letters.store(letter(redrive=redrive - 1)), "a late repeat of an earlier failure"
    assert waits == [60, 120]
    (held,) = await letters.list()
    assert (held.state, held.redrives, held.due_at) == ("exhausted", 2, None)
    await letters.replay(broker.publish, held.id)  # a person may still
    assert broker.events[-1].extensions["redrive"] == "3"


async def test_a_letter_that_failed_before_its_sending_was_recorded_counts(letters: DeadLetters) -> None:
    await letters.store(letter())
    assert await letters.store(letter(redrive=1))
    (held,) = await letters.list()
    assert (held.state, held.redrives) == ("held", 1)


async def test_redriving_stops_when_the_broker_takes_nothing_and_goes_on_later(
    letters: DeadLetters, postgres_url: str
) -> None:
    for number in range(5):
        await letters.store(letter(str(number)))
    await make_due(postgres_url)
    assert await letters.redrive_due(Broker(refuses=True).publish) == 0
    assert [row.redrives for row in await letters.list()] == [0] * 5, "it was the broker that failed"
    assert await letters.redrive_due(Broker().publish) == 2
    await make_due(postgres_url)
    assert await letters.redrive_due(Broker().publish) == 3


@pytest.mark.parametrize(("retryable", "state"), [(True, "held"), (False, "exhausted")])
async def test_a_letter_that_nobody_takes_holds_up_none_behind_it(
    letters: DeadLetters, postgres_url: str, retryable: bool, state: str
) -> None:
    taken = Broker()

    async def publish(event: CloudEvent) -> None:
        if event.id == "0":
            raise PublishFailed("not this one", retryable=retryable, status=500 if retryable else 413)
        await taken.publish(event)

    for number in range(3):
        await letters.store(letter(str(number)))
        await make_due(postgres_url)  # the first is due first
    assert await letters.redrive_due(publish) == 2
    assert [event.id for event in taken.events] == ["1", "2"]
    first = (await letters.list())[-1]
    assert (first.event_id, first.state, first.due_at is None) == ("0", state, not retryable)


@pytest.mark.parametrize("expiry", ["0000-01-01T00:00:00Z", "2020-01-01T00:00:60+23:59"])
async def test_a_time_that_the_database_does_not_know_stops_no_redriving(
    letters: DeadLetters, postgres_url: str, expiry: str
) -> None:
    await letters.store(letter("1", expirytime="2020-12-31T23:59:60Z"))
    event = letter("2")
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await letters.store(event)
        await connection.execute(
            "UPDATE ops.quarantine SET attributes = attributes || jsonb_build_object('expirytime', %s::text)"
            " WHERE event_id = '2'",
            (expiry,),
        )
    await letters.store(letter("3"))
    await make_due(postgres_url)
    assert await letters.redrive_due(Broker().publish) == 1
    assert [row.state for row in await letters.list()] == ["redriven", "discarded", "discarded"]


async def test_a_letter_that_this_release_does_not_take_for_an_event_is_set_aside(
    letters: DeadLetters, postgres_url: str
) -> None:
    await letters.store(letter("1"))
    await letters.store(letter("2"))
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute(
            "UPDATE ops.quarantine SET attributes = attributes - 'source' WHERE event_id = '1'"
        )
    await make_due(postgres_url)
    assert await letters.redrive_due(Broker().publish) == 1
    assert [row.state for row in await letters.list()] == ["redriven", "exhausted"]


async def test_two_redrivers_send_each_letter_once(letters: DeadLetters, postgres_url: str) -> None:
    broker = Broker()
    for number in range(20):
        await letters.store(letter(str(number)))
    await make_due(postgres_url)
    counts = await asyncio.gather(*(letters.redrive_due(broker.publish) for _ in range(2)))
    assert sum(counts) == len(broker.events) == 20
    assert len({event.id for event in broker.events}) == 20


async def test_an_expired_event_is_discarded_instead_of_sent(letters: DeadLetters, postgres_url: str) -> None:
    await letters.store(letter(expirytime="2020-01-01T00:00:00Z"))
    await letters.store(letter("2", expirytime="2999-01-01T00:00:00Z"))
    await make_due(postgres_url)
    broker = Broker()
    assert await letters.redrive_due(broker.publish) == 1
    assert [row.state for row in await letters.list()] == ["redriven", "discarded"]


async def test_what_a_function_refused_is_never_due_by_itself(
    letters: DeadLetters, postgres_url: str
) -> None:
    event = without_errors(letter())
    await letters.refused(event, trigger="scan-vision", code=422, reason="사진이 아닙니다")
    (held,) = await letters.list()
    assert (held.state, held.due_at, held.error_code) == ("held", None, 422)
    assert base64.b64decode(held.error_data or "").decode() == "사진이 아닙니다"
    await make_due(postgres_url)
    assert await letters.redrive_due(Broker().publish) == 0


async def test_discarded_letters_stay_discarded(letters: DeadLetters, postgres_url: str) -> None:
    await letters.store(letter())
    (held,) = await letters.list()
    assert await letters.discard(held.id) == 1
    assert await letters.discard(held.id) == 0
    await make_due(postgres_url)
    assert await letters.redrive_due(Broker().publish) == 0
    assert not await letters.store(letter())


def test_the_failed_function_is_read_from_its_address() -> None:
    def at(destination: str) -> str:
        return failed_at(replace(letter(), extensions={"knativeerrordest": destination}))

    assert at("http://scan-vision.eco2.svc.cluster.local") == "scan-vision"
    assert at("http://scan-vision:8080/") == "scan-vision"
    assert at("http://127.0.0.1:8080/") == "127.0.0.1"
    assert failed_at(without_errors(letter())) == ""


@pytest.mark.parametrize("type", ["eco2.ops.sweep.requested", "eco2.ops.redrive.requested"])
async def test_a_tick_that_failed_is_not_kept(letters: DeadLetters, type: str) -> None:
    await quarantine.handler(replace(letter(), type=type), letters, None)
    assert not await letters.list(type=type)


async def test_the_redriver_tells_how_many_letters_are_in_each_state(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K_SINK", "http://127.0.0.1:9/")  # nothing is due, so nothing is sent
    functions = Functions({"ECO2_DATABASE_URL": postgres_url})
    letters = await functions.resources.get(DeadLetters)
    await letters.store(letter("1"))
    await letters.store(letter("2"))
    (first, _) = await letters.list()
    await letters.discard(first.id)
    await func.redrive.declaration.handler(RedriveRequested(), letters, functions.resources)
    told = telemetry.metrics().registry
    states = ("held", "redriven", "exhausted", "discarded")
    counts = {state: told.get_sample_value("eco2_dead_letters", {"state": state}) for state in states}
    assert counts == {"held": 1, "redriven": 0, "exhausted": 0, "discarded": 1}
    await functions.close()
