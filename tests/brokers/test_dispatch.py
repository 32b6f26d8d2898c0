from __future__ import annotations

import base64
import time
import uuid
from dataclasses import replace
from typing import Any

import pytest

from brokers.dispatch import Dispatcher, Failure, Settled, dead_letter
from brokers.metrics import BrokerMetrics
from brokers.schedules import tick
from brokers.trigger import Schedule, Trigger
from embedded.servers.process import free_port
from eventing.cloudevent import CloudEvent, decode
from tests.brokers.subscriber import Behaviour, Request, Response, Subscriber, answers
from tests.brokers.test_trigger import given_trigger

EVENT = CloudEvent("1", "/eco2/x", "eco2.x", extensions={"userid": "u"}, data=b"{}")


def test_a_dead_letter_says_where_and_why() -> None:
    letter = dead_letter(EVENT, "http://scan-vision/", Failure(503, b"busy"))
    assert letter.extensions == {
        "userid": "u",
        "knativeerrordest": "http://scan-vision/",
        "knativeerrorcode": "503",
        "knativeerrordata": base64.b64encode(b"busy").decode(),
    }
    assert "knativeerrordata" not in dead_letter(EVENT, "http://x/", Failure(-1, b"")).extensions


def test_a_dead_letter_always_fits_into_headers() -> None:
    long = CloudEvent("1", "/eco2/x", "eco2.x", extensions={"note": "x" * 7800})
    letter = dead_letter(long, "http://scan-vision/", Failure(500, b"y" * 5000))
    assert decode(*_as_received(letter)).extensions["note"] == "x" * 7800
    assert (
        len(dead_letter(EVENT, "http://x/", Failure(500, b"y" * 5000)).extensions["knativeerrordata"]) == 1024
    )


def _as_received(event: CloudEvent) -> tuple[dict[str, str], bytes]:
    return event.to_binary()


def test_a_host_header_names_the_subscriber_in_dead_letters() -> None:
    trigger = Trigger(**given_trigger(headers={"Host": "scan-vision", "x-a": "b"}))
    assert Dispatcher(trigger, BrokerMetrics(), "eco2").destination == "http://scan-vision/"


def test_a_subscriber_is_shown_what_parts_of_the_platform_show(monkeypatch: pytest.MonkeyPatch) -> None:
    trigger = Trigger(**given_trigger())
    assert "x-eco2-inside" not in Dispatcher(trigger, BrokerMetrics(), "eco2")._sender.headers
    monkeypatch.setenv("ECO2_INSIDE_SECRET", "word")
    assert Dispatcher(trigger, BrokerMetrics(), "eco2")._sender.headers["x-eco2-inside"] == "word"


def test_waits_for_a_sink_are_bounded() -> None:
    trigger = Trigger(**given_trigger(backoff_delay_s=0))
    assert Dispatcher(trigger, BrokerMetrics(), "eco2", until_taken=True)._wait_s(1) == 0.1
    trigger = Trigger(**given_trigger(backoff_delay_s=5))
    assert Dispatcher(trigger, BrokerMetrics(), "eco2", until_taken=True)._wait_s(10_000) == 60


def dispatcher_to(subscriber: Subscriber, until_taken: bool = False, **more: Any) -> Dispatcher:
    url = f"http://127.0.0.1:{subscriber.port}/"
    trigger = Trigger(**given_trigger(subscriber=url, retry=1, backoff_delay_s=0, **more))
    return Dispatcher(trigger, BrokerMetrics(), "eco2", until_taken=until_taken)


def of_this_test() -> CloudEvent:
    return replace(EVENT, extensions={"run": uuid.uuid4().hex})


async def settled(subscriber: Subscriber, answer: Behaviour, **more: Any) -> Settled:
    event = of_this_test()
    subscriber.behave(event.extensions["run"], "/", answer)
    dispatcher = dispatcher_to(subscriber, **more)
    try:
        return await dispatcher.deliver(event)
    finally:
        await dispatcher.close()


async def reply(_request: Request) -> Response:
    return Response(200, event=EVENT)


async def no_event(_request: Request) -> Response:
    return Response(200, b"OK")


async def half_an_event(request: Request) -> Response:
    """Without the id that makes it one."""
    headers, _ = EVENT.to_binary()
    return Response(200, headers={"ce-specversion": "1.0", "ce-type": headers["ce-type"]})


async def test_a_reply_is_what_the_delivery_led_to(subscriber: Subscriber) -> None:
    assert await settled(subscriber, reply) == Settled(reply=EVENT)
    assert await settled(subscriber, answers(202)) == Settled()


@pytest.mark.parametrize(
    ("answer", "code"), [(answers(503), "503"), (no_event, "502"), (half_an_event, "502")]
)
async def test_after_the_last_attempt_the_event_is_a_dead_letter(
    subscriber: Subscriber, answer: Behaviour, code: str
) -> None:
    letter = (await settled(subscriber, answer)).dead_letter
    assert letter
    assert letter.extensions["knativeerrorcode"] == code


async def test_without_a_sink_nothing_is_left_after_the_last_attempt(
    subscriber: Subscriber, caplog: pytest.LogCaptureFixture
) -> None:
    assert await settled(subscriber, answers(500), dead_letter_sink=None) == Settled()
    assert "names no dead letter sink" in caplog.text


async def test_a_refusal_ends_the_delivery_unless_it_is_to_go_on_until_taken(subscriber: Subscriber) -> None:
    assert await settled(subscriber, answers(400)) == Settled()
    assert await settled(subscriber, answers(400, 503, 202), until_taken=True) == Settled()
    assert await settled(subscriber, no_event, until_taken=True) == Settled()


async def test_a_delivery_goes_on_where_an_earlier_process_stopped(subscriber: Subscriber) -> None:
    told: list[tuple[int, float]] = []
    event = of_this_test()
    subscriber.behave(event.extensions["run"], "/", answers(503))
    dispatcher = dispatcher_to(subscriber)
    came = await dispatcher.deliver(event, failures=1, wait_s=0.001, on_retry=lambda *each: told.append(each))
    await dispatcher.close()
    assert came.dead_letter
    assert told == []
    assert len(subscriber.seen(event.extensions["run"])) == 1


async def test_nobody_there_is_a_failure_without_a_status() -> None:
    trigger = Trigger(**given_trigger(subscriber=f"http://127.0.0.1:{free_port()}/", retry=0))
    dispatcher = Dispatcher(trigger, BrokerMetrics(), "eco2")
    letter = (await dispatcher.deliver(EVENT)).dead_letter
    await dispatcher.close()
    assert letter
    assert letter.extensions["knativeerrorcode"] == "-1"


def test_a_tick_is_the_same_event_when_told_twice() -> None:
    schedule = Schedule("sweep", "eco2.ops.sweep.requested", "/eco2/clock", 60, {"a": 1})
    now = 1_800_000_000.0
    assert tick(schedule, now).id == tick(schedule, now + 59).id
    assert tick(schedule, now).id != tick(schedule, now + 60).id
    assert tick(schedule, now).json() == {"a": 1}
    assert tick(schedule, time.time()).time
