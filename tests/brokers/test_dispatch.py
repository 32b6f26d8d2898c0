from __future__ import annotations

import base64
import time

from brokers.dispatch import Dispatcher, Failure, dead_letter
from brokers.metrics import BrokerMetrics
from brokers.schedules import tick
from brokers.trigger import Schedule, Trigger
from eventing.cloudevent import CloudEvent, decode
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


def test_waits_for_a_sink_are_bounded() -> None:
    trigger = Trigger(**given_trigger(backoff_delay_s=0))
    assert Dispatcher(trigger, BrokerMetrics(), "eco2", until_taken=True)._wait_s(1) == 0.1
    trigger = Trigger(**given_trigger(backoff_delay_s=5))
    assert Dispatcher(trigger, BrokerMetrics(), "eco2", until_taken=True)._wait_s(10_000) == 60


def test_a_tick_is_the_same_event_when_told_twice() -> None:
    schedule = Schedule("sweep", "eco2.ops.sweep.requested", "/eco2/clock", 60, {"a": 1})
    now = 1_800_000_000.0
    assert tick(schedule, now).id == tick(schedule, now + 59).id
    assert tick(schedule, now).id != tick(schedule, now + 60).id
    assert tick(schedule, now).json() == {"a": 1}
    assert tick(schedule, time.time()).time
