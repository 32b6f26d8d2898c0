"""Delivery of one event to one subscriber, as Knative's dispatcher does it; shared by both brokers.

Sources: Knative's data plane contract and the dispatchers of eventing and eventing-rabbitmq. Where ours
differs, it loses less: an event is settled only after the dead letter is durable, and that only after its sink
took it, while eventing-rabbitmq acknowledges first and drops the event when publishing it fails.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from brokers import spans, watching
from brokers.metrics import BrokerMetrics
from brokers.trigger import Trigger
from eventing.cloudevent import CloudEvent, InvalidCloudEvent, decode, is_cloudevent
from eventing.errors import NoAnswer
from eventing.publisher import retryable
from eventing.sender import HttpAnswer, Sender
from process.inside import shown
from process.settings import ProcessSettings, read

if TYPE_CHECKING:
    from brokers.metrics import DeliveryMetrics

DEAD_LETTER_SUFFIX = ".dlq"
ERROR_DATA_CHARACTERS = 1024  # knative.dev/eventing: KnativeErrorDataExtensionMaxLength
NO_ANSWER_CODE = -1  # what eventing-rabbitmq writes for a timeout and for no answer
BAD_REPLY_CODE = 502  # what Knative's filter answers to a body that is no event
_ATTRIBUTES_BUDGET = 8000
_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 0.1, 60.0  # between attempts at a dead letter, which never end
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a delivery led to, to be made durable before the delivered event is acknowledged."""

    reply: CloudEvent | None = None
    dead_letter: CloudEvent | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why an attempt failed: `code` as knativeerrorcode, `data` the start of the body or of the reason."""

    code: int
    data: bytes
    retried: bool = True


def dead_letter_trigger(trigger: Trigger) -> Trigger | None:
    """The trigger that delivers another trigger's dead letters to their sink, None when that names no sink."""
    if trigger.dead_letter_sink is None:
        return None
    return replace(
        trigger,
        name=trigger.name + DEAD_LETTER_SUFFIX,
        filter={},
        subscriber=trigger.dead_letter_sink,
        headers=trigger.dead_letter_headers,
        dead_letter_sink=None,
        in_flight=min(trigger.in_flight, 10),
    )


class Dispatcher:
    """A dispatcher delivers the events of one trigger. `until_taken`: without a last attempt, as dead letters are.

    `system` names the broker in spans.
    """

    def __init__(
        self, trigger: Trigger, metrics: BrokerMetrics, system: str, *, until_taken: bool = False
    ) -> None:
        self.trigger = trigger
        self.system = system
        self.metrics: DeliveryMetrics = metrics.of(trigger.name)
        self.until_taken = until_taken
        self.destination = _destination(trigger)
        headers = {"prefer": "reply", **trigger.headers, **shown(read(ProcessSettings, os.environ))}
        self._sender = Sender(trigger.subscriber, connections=trigger.in_flight, headers=headers)

    async def deliver(
        self,
        event: CloudEvent,
        *,
        failures: int = 0,
        wait_s: float = 0.0,
        on_retry: Callable[[int, float], None] | None = None,
    ) -> Settled:
        """Send the event until the subscriber takes it, refuses it, or the attempts are used up.

        `failures` and `wait_s` continue a delivery begun by an earlier process; `on_retry(failures, wait_s)`
        is called before each wait.
        """
        while True:
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            with spans.delivering(event, self.system, self.trigger.name) as sent:
                outcome = await self._attempt(sent, failures + 1)
                if isinstance(outcome, Failure):
                    spans.failed(outcome.code)
            if not isinstance(outcome, Failure):
                self.metrics.delivered.inc()
                return Settled(reply=outcome)
            failures += 1
            if not outcome.retried and not self.until_taken:
                # As in Knative: acknowledged and not dead-lettered.
                self.metrics.rejected.inc()
                _log.warning("%s refused event %s with %d", self.trigger.name, event.id, outcome.code)
                return Settled()
            if failures > self.trigger.retry and not self.until_taken:
                return self._give_up(event, outcome)
            wait_s = self._wait_s(failures)
            self.metrics.retried.inc()
            if on_retry is not None:
                on_retry(failures, wait_s)

    async def close(self) -> None:
        """Close the connections to the subscriber."""
        await self._sender.close()

    def _wait_s(self, failures: int) -> float:
        if not self.until_taken:
            return self.trigger.backoff_s(failures)
        return min(max(self.trigger.backoff_s(min(failures, 16)), _SHORTEST_WAIT_S), _LONGEST_WAIT_S)

    async def _attempt(self, event: CloudEvent, number: int) -> CloudEvent | Failure | None:
        """Send the event once; gives the reply, None without one, or the failure."""
        headers, body = event.to_binary()
        started = time.perf_counter()
        try:
            answer = await self._sender.post(headers, body, self.trigger.timeout_s)
            outcome, status = self._outcome(answer), answer.status
        except NoAnswer as error:
            outcome, status = Failure(NO_ANSWER_CODE, str(error).encode()), NO_ANSWER_CODE
        finally:
            self.metrics.seconds.observe(seconds := time.perf_counter() - started)
        reason = b""
        if isinstance(outcome, Failure):
            status, reason = outcome.code, outcome.data
        watching.attempted(event, self.trigger.name, number, status, seconds, reason)
        return outcome

    def _outcome(self, answer: HttpAnswer) -> CloudEvent | Failure | None:
        if not 200 <= answer.status < 300:
            return Failure(answer.status, answer.body, retryable(answer.status))
        if not is_cloudevent(answer.headers):
            if answer.body and not self.until_taken:
                return Failure(BAD_REPLY_CODE, answer.body)
            return None
        try:
            return decode(answer.headers, answer.body)
        except InvalidCloudEvent as invalid:
            return Failure(BAD_REPLY_CODE, str(invalid).encode())

    def _give_up(self, event: CloudEvent, failure: Failure) -> Settled:
        if self.trigger.dead_letter_sink is None:
            self.metrics.dropped.inc()
            _log.error(
                "event %s dropped: %s failed with %d and names no dead letter sink",
                *(event.id, self.trigger.name, failure.code),
            )
            return Settled()
        self.metrics.dead_lettered.inc()
        return Settled(dead_letter=dead_letter(event, self.destination, failure))


def dead_letter(event: CloudEvent, destination: str, failure: Failure) -> CloudEvent:
    """The dead letter of an event: with the extensions by which Knative says where and why delivery failed.

    `knativeerrordata` is Base64 of the body's start, cut where Knative cuts, and shorter where an event's
    attributes would not fit into a request's headers any more.
    """
    used = sum(len(name) + len(value) for name, value in event.attributes().items()) + len(destination)
    room = max(0, min(ERROR_DATA_CHARACTERS, _ATTRIBUTES_BUDGET - used))
    extensions = {
        **event.extensions,
        "knativeerrordest": destination,
        "knativeerrorcode": str(failure.code),
        "knativeerrordata": base64.b64encode(failure.data[: room // 4 * 3]).decode(),
    }
    if not extensions["knativeerrordata"]:
        del extensions["knativeerrordata"]
    return replace(event, extensions=extensions)


def _destination(trigger: Trigger) -> str:
    """The subscriber's URL as it is told in dead letters.

    With a Host header of its own the function behind a shared address is named, as in a cluster by its URL.
    """
    parts = urlsplit(trigger.subscriber)
    host = next((value for name, value in trigger.headers.items() if name.lower() == "host"), parts.netloc)
    return parts._replace(netloc=host).geturl()
