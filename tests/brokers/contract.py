"""One suite for every broker: what Knative's data plane promises and our functions rely on.

A variant gives the fixtures `broker` (class-scoped) and `subscriber`. All tests share the triggers of `triggers()`,
so that they can be made beforehand: Knative's broker itself runs the suite on a cluster (tests/cluster).
"""

from __future__ import annotations

import base64
import http.client
import itertools
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest

from eventing.cloudevent import CloudEvent
from tests.brokers.subscriber import Gate, Request, Response, Subscriber, answers

PREFIX = "eco2.conformance."
RETRIED = (404, 408, 409, 429, 500, 502, 503, 504)
NOT_RETRIED = (301, 400, 401, 403, 405, 410, 413, 422)
RETRY, DELAY_S = 2, 0.1  # Knative reads durations to the tenth of a second


def triggers(base: str) -> list[dict[str, Any]]:
    """Every trigger of the suite, each with its own path at the subscriber as its name."""

    def trigger(name: str, filter: dict[str, str], sink: bool = True, **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "filter": {"conformance": "yes", **filter},
            "subscriber": f"{base}/{name}",
            "retry": RETRY,
            "backoff_delay_s": DELAY_S,
            "backoff_policy": "exponential",
            "timeout_s": 20,
            "dead_letter_sink": f"{base}/{name}/dead-letters" if sink else None,
            "in_flight": 100,
            **more,
        }

    return [
        trigger("plain", {"type": PREFIX + "plain"}),
        trigger("other-case", {"type": PREFIX + "Plain"}),
        trigger("empty-subject", {"type": PREFIX + "plain", "subject": ""}),
        trigger("fan-out", {"type": PREFIX + "plain"}),
        trigger("several", {"type": PREFIX + "several", "subject": "A", "shard": "1"}),
        trigger("extension", {"colour": "green"}),
        trigger("chain-1", {"type": PREFIX + "chain1"}),
        trigger("chain-2", {"type": PREFIX + "chain2"}),
        trigger("linear", {"type": PREFIX + "linear"}, backoff_policy="linear"),
        trigger("no-sink", {"type": PREFIX + "nosink"}, sink=False),
        trigger("impatient", {"type": PREFIX + "impatient"}, timeout_s=0.3),
        trigger("narrow", {"type": PREFIX + "narrow"}, in_flight=3),
        trigger("held", {"type": PREFIX + "held"}, in_flight=5),
    ]


@dataclass(frozen=True, slots=True)
class Traits:
    """In what brokers differ, as ours behave; docs/brokers.md is the table."""

    keeps_time: bool = True
    """An event's `time` arrives as it was sent; else in UTC, and where there was none the time of delivery."""
    keeps_trace: bool = True
    """Trace extensions arrive as extensions; else as HTTP headers."""
    refuses_other_replies: bool = True
    """200 with a body that is no event is a failure; else an acknowledgement."""
    says_why: bool = True
    """Dead letters carry the start of the last answer in `knativeerrordata`."""


class BrokerUnderTest(Protocol):
    """Where the ingress is, and how this broker differs from others."""

    @property
    def url(self) -> str: ...

    @property
    def traits(self) -> Traits: ...


@dataclass
class Sent:
    """One test's events: they share the extension `run`, by which the subscriber tells tests apart."""

    broker: BrokerUnderTest
    run: str

    def event(self, kind: str, **attributes: Any) -> CloudEvent:
        """A new event of this run."""
        extensions = {"run": self.run, "conformance": "yes", **attributes.pop("extensions", {})}
        return CloudEvent(
            id=str(uuid.uuid4()),
            source="/eco2/conformance",
            type=PREFIX + kind,
            datacontenttype="application/json",
            extensions=extensions,
            data=attributes.pop("data", b'{"n": 1}'),
            **attributes,
        )

    def post(self, event: CloudEvent) -> int:
        """Send in binary mode; the status."""
        headers, body = event.to_binary()
        return request(self.broker.url, "POST", headers, body)

    def accept(self, event: CloudEvent) -> CloudEvent:
        """Send and expect 202."""
        assert self.post(event) == 202
        return event


def request(
    url: str, method: str = "POST", headers: dict[str, str] | None = None, body: bytes = b"", path: str = "/"
) -> int:
    """One HTTP request, its status."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=20)
    try:
        connection.request(method, (parts.path.rstrip("/") + path) or "/", body, headers or {})
        with connection.getresponse() as response:
            response.read()
            return response.status
    finally:
        connection.close()


def core(event: CloudEvent) -> CloudEvent:
    """The event without what a broker may add or say in other words."""
    kept = {
        name: value
        for name, value in event.extensions.items()
        if not name.startswith(("knative", "traceparent", "tracestate"))
    }
    return replace(event, time=None, extensions=kept)


class BrokerContract:
    """Inherited by a test class per broker."""

    @pytest.fixture
    def sent(self, broker: BrokerUnderTest) -> Sent:
        return Sent(broker, uuid.uuid4().hex)

    # ingress

    def test_binary_and_structured_events_are_accepted(self, sent: Sent, subscriber: Subscriber) -> None:
        binary = sent.accept(sent.event("plain", subject="표면/a b", time="2026-01-31T09:30:00.5+09:00"))
        structured = sent.event("plain", data='{"품목": "유리병"}'.encode())
        assert request(
            sent.broker.url, "POST", {"content-type": "application/cloudevents+json"}, structured.to_structured()
        ) == 202  # fmt: skip
        came = subscriber.wait(sent.run, "/plain", count=2)
        events = {request.event.id: request.event for request in came}
        assert core(events[binary.id]) == core(binary)
        assert events[structured.id].json() == {"품목": "유리병"}

    def test_the_time_of_an_event_is_kept(self, sent: Sent, subscriber: Subscriber) -> None:
        told = sent.accept(sent.event("plain", time="2026-01-31T09:30:00.5+09:00"))
        silent = sent.accept(sent.event("plain"))
        came = subscriber.wait(sent.run, "/plain", count=2)
        times = {request.event.id: request.event.time for request in came}
        kept = times[told.id]
        assert kept
        assert datetime.fromisoformat(kept) == datetime.fromisoformat(told.time or "")
        assert (kept == told.time) is sent.broker.traits.keeps_time
        assert (times[silent.id] is None) is sent.broker.traits.keeps_time

    def test_delivery_is_in_binary_mode(self, sent: Sent, subscriber: Subscriber) -> None:
        event = sent.accept(sent.event("plain", subject="job-1", dataschema="https://eco2.example/plain/1"))
        headers = subscriber.wait(sent.run, "/plain")[0].headers
        assert headers["ce-specversion"] == "1.0"
        assert headers["ce-id"] == event.id
        assert headers["ce-type"] == event.type
        assert headers["ce-subject"] == "job-1"
        assert headers["ce-dataschema"] == "https://eco2.example/plain/1"
        assert headers["content-type"] == "application/json"

    def test_an_event_without_data_is_delivered(self, sent: Sent, subscriber: Subscriber) -> None:
        event = replace(sent.event("plain"), data=b"", datacontenttype=None)
        sent.accept(event)
        assert subscriber.wait(sent.run, "/plain")[0].event.data == b""

    @pytest.mark.parametrize("missing", ["ce-id", "ce-source", "ce-type", "ce-specversion"])
    def test_an_event_without_a_required_attribute_is_refused(self, sent: Sent, missing: str) -> None:
        headers, body = sent.event("plain").to_binary()
        del headers[missing]
        assert request(sent.broker.url, "POST", headers, body) == 400

    def test_what_is_no_event_is_refused(self, sent: Sent) -> None:
        assert request(sent.broker.url, "POST", {"content-type": "application/json"}, b"{}") == 400
        assert request(sent.broker.url, "POST", {"content-type": "application/cloudevents+json"}, b"{") == 400

    def test_another_path_is_not_found(self, sent: Sent) -> None:
        headers, body = sent.event("plain").to_binary()
        assert request(sent.broker.url, "POST", headers, body, path="/other") == 404

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_another_method_is_not_allowed(self, sent: Sent, method: str) -> None:
        assert request(sent.broker.url, method) == 405

    def test_an_unroutable_event_is_accepted_and_gone(self, sent: Sent, subscriber: Subscriber) -> None:
        sent.accept(sent.event("nobody"))
        sent.accept(sent.event("plain"))
        subscriber.wait(sent.run, "/plain")
        assert {request.event.type for request in subscriber.seen(sent.run)} == {PREFIX + "plain"}

    def test_a_large_event_arrives_whole(self, sent: Sent, subscriber: Subscriber) -> None:
        data = b'"' + b"x" * 60_000 + b'"'
        sent.accept(sent.event("plain", data=data))
        assert subscriber.wait(sent.run, "/plain")[0].event.data == data

    # filters

    def test_all_triggers_that_match_get_the_event(self, sent: Sent, subscriber: Subscriber) -> None:
        event = sent.accept(sent.event("plain"))
        for path in ("/plain", "/fan-out"):
            assert subscriber.wait(sent.run, path)[0].event.id == event.id

    def test_values_are_compared_exactly(self, sent: Sent, subscriber: Subscriber) -> None:
        sent.accept(sent.event("plain"))
        sent.accept(sent.event("plain", subject="x"))
        subscriber.wait(sent.run, "/plain", count=2)
        assert not subscriber.seen(sent.run, "/other-case")

    def test_an_empty_value_is_no_wildcard(self, sent: Sent, subscriber: Subscriber) -> None:
        sent.accept(sent.event("plain", subject="x"))
        sent.accept(sent.event("plain"))
        subscriber.wait(sent.run, "/plain", count=2)
        assert not subscriber.seen(sent.run, "/empty-subject")

    def test_all_attributes_of_a_filter_must_match(self, sent: Sent, subscriber: Subscriber) -> None:
        for subject, shard in (("A", "2"), ("B", "1"), ("a", "1")):
            sent.accept(sent.event("several", subject=subject, extensions={"shard": shard}))
        sent.accept(sent.event("several", subject="A"))
        wanted = sent.accept(sent.event("several", subject="A", extensions={"shard": "1"}))
        came = subscriber.wait(sent.run, "/several")
        assert [request.event.id for request in came] == [wanted.id]

    def test_a_filter_may_name_an_extension_alone(self, sent: Sent, subscriber: Subscriber) -> None:
        sent.accept(sent.event("anything", extensions={"colour": "red"}))
        wanted = sent.accept(sent.event("anything", extensions={"colour": "green"}))
        assert [request.event.id for request in subscriber.wait(sent.run, "/extension")] == [wanted.id]

    # replies

    def test_a_reply_goes_into_the_broker(self, sent: Sent, subscriber: Subscriber) -> None:
        async def reply(request: Request) -> Response:
            return Response(
                200, event=replace(request.event, id=request.event.id + "-2", type=PREFIX + "chain2")
            )

        subscriber.behave(sent.run, "/chain-1", reply)
        events = [sent.accept(sent.event("chain1")) for _ in range(20)]
        came = subscriber.wait(sent.run, "/chain-2", count=20)
        assert {request.event.id for request in came} == {event.id + "-2" for event in events}
        assert len(subscriber.seen(sent.run, "/chain-1")) == 20

    def test_a_reply_that_is_no_event_is_never_delivered(self, sent: Sent, subscriber: Subscriber) -> None:
        async def reply(_request: Request) -> Response:
            return Response(200, b"OK")

        subscriber.behave(sent.run, "/chain-1", reply)
        sent.accept(sent.event("chain1"))
        attempts = RETRY + 1 if sent.broker.traits.refuses_other_replies else 1
        subscriber.wait(sent.run, "/chain-1", count=attempts)
        assert subscriber.stays(sent.run, "/chain-1", attempts)
        if sent.broker.traits.refuses_other_replies:
            subscriber.wait(sent.run, "/chain-1/dead-letters")

    def test_a_trace_survives(self, sent: Sent, subscriber: Subscriber) -> None:
        trace = {
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "tracestate": "eco2=t61rcWkgMzE",
        }
        sent.accept(sent.event("plain", extensions=trace))
        request = subscriber.wait(sent.run, "/plain")[0]
        came = request.event.extensions if sent.broker.traits.keeps_trace else request.headers
        assert came["traceparent"].split("-")[1] == trace["traceparent"].split("-")[1]
        assert came["tracestate"] == trace["tracestate"]

    # retries and dead letters

    @pytest.mark.parametrize("status", RETRIED)
    def test_these_statuses_are_retried(self, sent: Sent, subscriber: Subscriber, status: int) -> None:
        subscriber.behave(sent.run, "/linear", answers(status, 202))
        sent.accept(sent.event("linear"))
        subscriber.wait(sent.run, "/linear", count=2)
        assert subscriber.stays(sent.run, "/linear", 2, for_s=0.2)

    @pytest.mark.parametrize("status", NOT_RETRIED)
    def test_other_statuses_are_not_retried_and_not_dead_lettered(
        self, sent: Sent, subscriber: Subscriber, status: int
    ) -> None:
        subscriber.behave(sent.run, "/plain", answers(status))
        sent.accept(sent.event("plain"))
        subscriber.wait(sent.run, "/plain")
        assert subscriber.stays(sent.run, "/plain", 1)
        assert not subscriber.seen(sent.run, "/plain/dead-letters")

    @pytest.mark.parametrize(("name", "waits"), [("plain", (2, 4)), ("linear", (1, 2))])
    def test_after_the_last_attempt_it_is_dead_lettered(
        self, sent: Sent, subscriber: Subscriber, name: str, waits: tuple[int, ...]
    ) -> None:
        async def refuse(_request: Request) -> Response:
            return Response(503, b"out of order")

        subscriber.behave(sent.run, f"/{name}", refuse)
        event = sent.accept(sent.event(name))
        letter = subscriber.wait(sent.run, f"/{name}/dead-letters")[0].event
        attempts = subscriber.seen(sent.run, f"/{name}")
        assert len(attempts) == RETRY + 1
        gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(attempts)]
        assert all(gap >= wait * DELAY_S * 0.9 for gap, wait in zip(gaps, waits, strict=True))
        assert core(letter) == core(event)
        assert letter.extensions["knativeerrorcode"] == "503"
        assert letter.extensions["knativeerrordest"].endswith(f"/{name}")
        why = base64.b64encode(b"out of order").decode() if sent.broker.traits.says_why else None
        assert letter.extensions.get("knativeerrordata") == why

    def test_the_other_triggers_of_a_failing_event_are_not_disturbed(
        self, sent: Sent, subscriber: Subscriber
    ) -> None:
        subscriber.behave(sent.run, "/plain", answers(500))
        sent.accept(sent.event("plain"))
        subscriber.wait(sent.run, "/plain/dead-letters")
        assert len(subscriber.seen(sent.run, "/fan-out")) == 1

    def test_without_a_sink_it_is_dropped_after_the_last_attempt(
        self, sent: Sent, subscriber: Subscriber
    ) -> None:
        subscriber.behave(sent.run, "/no-sink", answers(500))
        sent.accept(sent.event("nosink"))
        subscriber.wait(sent.run, "/no-sink", count=RETRY + 1)
        assert subscriber.stays(sent.run, "/no-sink", RETRY + 1)

    def test_no_answer_in_time_is_retried_and_dead_lettered(self, sent: Sent, subscriber: Subscriber) -> None:
        gate = Gate(subscriber)
        subscriber.behave(sent.run, "/impatient", gate)
        sent.accept(sent.event("impatient"))
        letter = subscriber.wait(sent.run, "/impatient/dead-letters")[0].event
        gate.open()
        assert letter.extensions["knativeerrorcode"] == "-1"
        assert len(subscriber.seen(sent.run, "/impatient")) == RETRY + 1

    # limits

    def test_no_more_than_in_flight_are_delivered_at_once(self, sent: Sent, subscriber: Subscriber) -> None:
        gate = Gate(subscriber)
        subscriber.behave(sent.run, "/narrow", gate)
        for _ in range(12):
            sent.accept(sent.event("narrow"))
        subscriber.wait(sent.run, "/narrow", count=3)
        assert subscriber.stays(sent.run, "/narrow", 3)
        gate.open()
        assert len(subscriber.wait(sent.run, "/narrow", count=12)) == 12
        assert gate.most_held == 3

    def test_a_trigger_that_hangs_does_not_hold_up_others(self, sent: Sent, subscriber: Subscriber) -> None:
        gate = Gate(subscriber)
        subscriber.behave(sent.run, "/held", gate)
        for _ in range(20):
            sent.accept(sent.event("held"))
        sent.accept(sent.event("plain"))
        subscriber.wait(sent.run, "/plain")
        gate.open()
        assert len(subscriber.wait(sent.run, "/held", count=20)) == 20
