"""Deliveries to event functions: statuses, replies and idempotency, with a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any, ClassVar, Self

import psycopg
import pytest
from starlette.responses import Response

from eventing.catalogue import EventData, to_event
from eventing.cloudevent import MAX_EVENT_BYTES, CloudEvent, decode
from functions.ops.dead_letters import DeadLetters
from functions.runtime import Reject, Resources, Retry, Service, telemetry
from functions.runtime import delivery as module
from functions.runtime.declaration import EventFunction
from functions.runtime.decorators import event_function
from functions.runtime.delivery import deliver
from functions.runtime.ledger import Claim, Inbox
from functions.runtime.work import Work
from tests.functions.requests import delivery, request

Handler = Callable[[Any], Awaitable[Any]]


class Asked(EventData):
    """A question."""

    type: ClassVar[str] = "eco2.test.question.asked"
    text: str


class Told(EventData):
    """Its answer."""

    type: ClassVar[str] = "eco2.test.question.answered"
    text: str


def asked(text: str = "why", id: str = "1") -> CloudEvent:
    return to_event(Asked(text=text), source="/test", subject="s1", id=id)


def function(handler: Callable[..., Any], **options: Any) -> EventFunction:
    async def named(event: Asked) -> Any:
        return await handler(event)

    declared = event_function(on=Asked, emits=Told, **options)(named).declaration
    assert isinstance(declared, EventFunction)
    return declared


@pytest.fixture
async def resources(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Resources]:
    made = Resources({"ECO2_DATABASE_URL": postgres_url})
    yield made
    await made.close()


async def echo(event: Asked) -> Told:
    return Told(text=event.text.upper())


async def test_the_reply_is_the_emitted_event_with_an_id_derived_from_the_first(resources: Resources) -> None:
    replies = [await deliver(function(echo), delivery(asked()), resources, Work()) for _ in range(2)]
    first, second = (decode(reply.headers, bytes(reply.body)) for reply in replies)
    assert (first.type, first.subject, first.json()) == (Told.type, "s1", {"text": "WHY"})
    assert first.id == second.id


async def test_a_reply_goes_the_way_of_its_job(resources: Resources) -> None:
    """All events of one subject are in one shard: a stage's Triggers share jobs, not events."""
    reply = await deliver(function(echo), delivery(asked()), resources, Work())
    assert decode(reply.headers, bytes(reply.body)).extensions["shard"] == asked().extensions["shard"]


@pytest.mark.parametrize("carried", ["extensions", "headers"])
async def test_a_trace_goes_on_in_the_reply(resources: Resources, carried: str) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    before = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    event = asked()
    if carried == "extensions":
        came = delivery(replace(event, extensions={**event.extensions, **before}))
    else:
        came = delivery(event, before)
    reply = await deliver(function(echo), came, resources, Work())
    assert trace_id in decode(reply.headers, bytes(reply.body)).extensions["traceparent"]


async def test_a_clocks_tick_is_the_event_that_it_names(resources: Resources) -> None:
    source = "/apis/v1/namespaces/eco2/pingsources/x"
    ping = replace(asked(), type="dev.knative.sources.ping", source=source, extensions={"tick": Asked.type})
    reply = await deliver(function(echo), delivery(ping), resources, Work())
    assert decode(reply.headers, bytes(reply.body)).type == Told.type


async def test_a_redelivered_event_is_not_worked_on_again(resources: Resources) -> None:
    calls = 0

    async def count(event: Asked) -> Told:
        nonlocal calls
        calls += 1
        return await echo(event)

    for _ in range(3):
        assert (await deliver(function(count), delivery(asked()), resources, Work())).status_code == 200
    assert calls == 1


async def test_without_a_result_the_acknowledgement_is_empty(resources: Resources) -> None:
    async def silent(_: Asked) -> None: ...

    reply = await deliver(function(silent), delivery(asked()), resources, Work())
    assert (reply.status_code, reply.body) == (204, b"")


async def test_a_twin_of_an_event_in_work_is_answered_409(resources: Resources) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(event: Asked) -> Told:
        entered.set()
        await leave.wait()
        return await echo(event)

    first = asyncio.create_task(deliver(function(slow), delivery(asked()), resources, Work()))
    await asyncio.wait_for(entered.wait(), 10)
    assert (await deliver(function(slow), delivery(asked()), resources, Work())).status_code == 409
    leave.set()
    assert (await first).status_code == 200


async def test_work_of_a_dead_worker_is_taken_over_at_once(resources: Resources, postgres_url: str) -> None:
    gone = Resources({"ECO2_DATABASE_URL": postgres_url})

    async def hang(_: Asked) -> None:
        await asyncio.sleep(60)

    dying = asyncio.create_task(deliver(function(hang), delivery(asked()), gone, Work()))
    async with asyncio.timeout(10):
        while True:
            with psycopg.connect(postgres_url) as connection:
                if connection.execute("SELECT FROM ops.inbox").fetchone() is not None:
                    break
            await asyncio.sleep(0.02)
    assert (await deliver(function(echo), delivery(asked()), resources, Work())).status_code == 409
    worker = gone._worker
    assert worker
    await worker.close()  # what the kernel does to the connection of a killed process
    async with asyncio.timeout(10):  # as a broker would try again, until the server has seen it
        while (await deliver(function(echo), delivery(asked()), resources, Work())).status_code != 200:
            await asyncio.sleep(0.02)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    await gone.close()


@pytest.mark.parametrize("failure", [Retry("later"), RuntimeError("a secret"), OSError("x")])
async def test_what_may_succeed_later_is_503_and_is_worked_on_again(
    resources: Resources, failure: Exception
) -> None:
    attempts = 0

    async def flaky(event: Asked) -> Told:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise failure
        return await echo(event)

    first = await deliver(function(flaky), delivery(asked()), resources, Work())
    assert first.status_code == 503
    assert b"secret" not in first.body
    assert (await deliver(function(flaky), delivery(asked()), resources, Work())).status_code == 200


async def test_what_never_succeeds_is_quarantined_before_400(resources: Resources, postgres_url: str) -> None:
    async def refuse(_: Asked) -> None:
        raise Reject("NO", "this can't be")

    assert (await deliver(function(refuse), delivery(asked()), resources, Work())).status_code == 400
    assert quarantined(postgres_url) == 1


@pytest.mark.parametrize(
    "event",
    [
        to_event(Told(text="x"), source="/test", id="1"),
        CloudEvent("1", "/test", Asked.type, datacontenttype="application/json", data=b'{"text": 1}'),
        CloudEvent("1", "/test", Asked.type, datacontenttype="text/plain", data=b"why"),
    ],
)
async def test_an_event_of_the_wrong_type_or_shape_is_quarantined_before_400(
    resources: Resources, postgres_url: str, event: CloudEvent
) -> None:
    assert (await deliver(function(echo), delivery(event), resources, Work())).status_code == 400
    assert quarantined(postgres_url) == 1


async def test_an_event_over_the_limit_is_quarantined_before_400(
    resources: Resources, postgres_url: str
) -> None:
    largest = asked("x" * (MAX_EVENT_BYTES - len('{"text":""}')))
    assert len(largest.data) == MAX_EVENT_BYTES
    assert (await deliver(function(echo), delivery(largest), resources, Work())).status_code == 200
    one_more = replace(largest, id="2", data=largest.data[:-2] + b'x"}')
    assert (await deliver(function(echo), delivery(one_more), resources, Work())).status_code == 400
    assert quarantined(postgres_url) == 1


async def test_what_is_no_event_is_400_with_every_finding(resources: Resources) -> None:
    reply = await deliver(function(echo), request("POST", "/", {"ce-id": "1"}), resources, Work())
    assert reply.status_code == 400
    assert b"ce-" in reply.body or b"specversion" in reply.body


async def test_work_ends_at_its_timeout_and_may_be_taken_again(resources: Resources) -> None:
    async def hang(_: Asked) -> None:
        await asyncio.sleep(60)

    assert (
        await deliver(function(hang, timeout=0.5), delivery(asked()), resources, Work())
    ).status_code == 503  # long enough that the work is claimed, on a busy machine too
    assert (await deliver(function(echo), delivery(asked()), resources, Work())).status_code == 200


async def test_a_stage_that_is_cancelled_is_acknowledged_and_work_at_stop_is_handed_back(
    resources: Resources,
) -> None:
    async def ended_by(end: Callable[[Work], None], id: str, stage: str | None = "look") -> Response:
        work, entered = Work(), asyncio.Event()

        async def hang(_: Asked) -> None:
            entered.set()
            await asyncio.sleep(60)

        task = asyncio.create_task(
            deliver(function(hang, stage=stage), delivery(asked(id=id)), resources, work)
        )
        await asyncio.wait_for(entered.wait(), 10)
        end(work)
        return await task

    assert (await ended_by(lambda work: work.cancel("s1"), "c")).status_code == 204
    assert (await ended_by(lambda work: work.stop(), "s")).status_code == 503

    def cancelled_then_stopped(work: Work) -> None:
        work.cancel("s1")
        work.stop()

    # What is no stage may be telling of the very end that cancelled the job.
    assert (await ended_by(cancelled_then_stopped, "t", stage=None)).status_code == 503


async def test_a_cancellation_while_the_stage_is_being_claimed_is_heard(resources: Resources) -> None:
    work, claim = Work(), Inbox.claim

    class CancelledMeanwhile(Inbox):
        async def claim(self, function: EventFunction, event: CloudEvent) -> Claim:
            claimed = await claim(self, function, event)
            work.cancel("s1")
            return claimed

    async def hang(_: Asked) -> None:
        await asyncio.sleep(60)

    cancelled = function(hang, stage="look", ledger=CancelledMeanwhile)
    reply = await asyncio.wait_for(deliver(cancelled, delivery(asked()), resources, work), 10)
    assert reply.status_code == 204


def quarantined(postgres_url: str) -> int:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT count(*) FROM ops.quarantine").fetchone()
    assert row
    return int(row[0])


async def test_a_handler_may_take_and_return_the_sdks_event(resources: Resources) -> None:
    from cloudevents.http import CloudEvent as Theirs

    async def handler(event: Theirs) -> Theirs:
        return Theirs(
            {"type": Told.type, "source": "/theirs", "id": "x"}, {"text": event.data["text"].upper()}
        )

    handler.__annotations__ = {"event": Theirs, "return": Theirs}
    declared = event_function(on=Asked, emits=Told)(handler).declaration
    assert isinstance(declared, EventFunction)
    replies = [await deliver(declared, delivery(asked()), resources, Work()) for _ in range(2)]
    first, second = (decode(reply.headers, bytes(reply.body)) for reply in replies)
    assert (first.type, first.subject, first.json()) == (Told.type, "s1", {"text": "WHY"})
    assert (first.id, first.source) == (second.id, declared.source)


@pytest.mark.parametrize(
    ("attributes", "data"),
    [
        ({"type": "eco2.test.something.else", "source": "/x"}, {"text": "x"}),
        ({"type": Told.type, "source": "no reference"}, {"text": "x"}),
        ({"type": Told.type, "source": "/x"}, {"text": 1}),
    ],
)
async def test_an_event_of_the_sdk_that_was_not_promised_is_not_sent(
    resources: Resources, attributes: dict[str, str], data: dict[str, object]
) -> None:
    from cloudevents.http import CloudEvent as Theirs

    async def wrong(_: Asked) -> Theirs:
        return Theirs(attributes, data)

    assert (await deliver(function(wrong), delivery(asked()), resources, Work())).status_code == 503


class Letters(Service):
    """A service that a handler asks for."""

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        return cls()


async def test_a_handler_is_given_what_it_names(resources: Resources) -> None:
    given: dict[str, Any] = {}

    async def handler(event: CloudEvent, data: Asked, letters: Letters, owned: Resources) -> None:
        given.update(event=event, data=data, letters=letters, owned=owned)

    declared = event_function(on=Asked, ledger=None)(handler).declaration
    assert isinstance(declared, EventFunction)
    assert (await deliver(declared, delivery(asked()), resources, Work())).status_code == 204
    assert (given["event"].type, given["data"]) == (Asked.type, Asked(text="why"))
    assert given["letters"] is await resources.get(Letters)
    assert given["owned"] is resources


async def test_a_sink_takes_events_of_any_type(resources: Resources) -> None:
    taken: list[str] = []

    async def handler(event: CloudEvent) -> None:
        taken.append(event.type)

    declared = event_function(on=None, ledger=None)(handler).declaration
    assert isinstance(declared, EventFunction)
    for event in (asked(), replace(asked(), type="com.example.unheard.of")):
        assert (await deliver(declared, delivery(event), resources, Work())).status_code == 204
    assert taken == [Asked.type, "com.example.unheard.of"]


async def test_finished_work_waits_for_a_database_that_is_away(resources: Resources) -> None:
    away = 2

    class Slow(Inbox):
        async def complete(self, function: EventFunction, event: CloudEvent, output: bytes | None) -> Claim:
            nonlocal away
            away -= 1
            if away >= 0:
                raise Retry("the database is not reachable")
            return await Inbox.complete(self, function, event, output)

    reply = await deliver(function(echo, ledger=Slow), delivery(asked()), resources, Work())
    assert (reply.status_code, away) == (200, -1)


async def test_finished_work_is_given_up_when_its_claim_ends(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEASE_MARGIN_S", 1.0)

    class Gone(Inbox):
        async def complete(self, function: EventFunction, event: CloudEvent, output: bytes | None) -> Claim:
            raise Retry("the database is not reachable")

        async def release(self, function: EventFunction, event: CloudEvent) -> None:
            raise Retry("the database is not reachable")

    gone = function(echo, ledger=Gone, timeout=0.2)
    assert (await deliver(gone, delivery(asked()), resources, Work())).status_code == 503


async def test_what_cannot_be_recorded_as_refused_comes_again(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: Asked) -> None:
        raise Reject("NO", "this can't be")

    async def broken(*_: object, **__: object) -> None:
        raise OSError("no quarantine")

    monkeypatch.setattr(DeadLetters, "refused", broken)
    assert (await deliver(function(refuse), delivery(asked()), resources, Work())).status_code == 503


async def test_a_ledger_that_keeps_the_refusal_itself_needs_no_quarantine(
    resources: Resources, postgres_url: str
) -> None:
    class Keeping(Inbox):
        async def fail(self, function: EventFunction, event: CloudEvent, code: str) -> bool:
            return True

    async def refuse(_: Asked) -> None:
        raise Reject("NO", "this can't be")

    refused = function(refuse, ledger=Keeping)
    assert (await deliver(refused, delivery(asked()), resources, Work())).status_code == 400
    assert quarantined(postgres_url) == 0


async def test_the_cost_of_a_delivery_is_its_own(resources: Resources) -> None:
    spent: list[float] = []

    async def costly(event: Asked) -> None:
        telemetry.spend(0.5)
        telemetry.spend(0.25)
        spent.append(telemetry.spent_usd())

    for id in ("a", "b"):
        await deliver(function(costly), delivery(asked(id=id)), resources, Work())
    assert spent == [0.75, 0.75]
