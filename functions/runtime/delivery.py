"""One delivery of an event to a function: validate, claim, work, store, answer.

Statuses are part of the event contract: 2xx done, 409 a duplicate that is still being worked on, 5xx tried
again, 400 dropped – so what can never succeed is recorded before 400 is answered. Acknowledgements have empty
bodies, because a body that is no event counts as a failed delivery.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from eventing import sdk
from eventing.catalogue import EventData, InvalidEventData, derived_id, from_event, to_event
from eventing.clock import told_by_clock
from eventing.cloudevent import MAX_EVENT_BYTES, CloudEvent, InvalidCloudEvent, decode
from eventing.tracing import KNATIVE, attributes
from functions.runtime import registry, telemetry
from functions.runtime.binding import parameters
from functions.runtime.declaration import EventFunction
from functions.runtime.errors import FunctionError, Invalid, Reject, Retry
from functions.runtime.ledger import LEASE_MARGIN_S, Claim, Ledger, State
from functions.runtime.problems import problem
from functions.runtime.resources import Resources
from functions.runtime.work import Stopped, Work, WorkStopped
from process import logs, tracing

log = logging.getLogger(__name__)
STORE_AGAIN_S = 0.25
MAX_RECORDED_BYTES = 1_048_576
"""The largest event that is read. Above MAX_EVENT_BYTES, which brokers other than ours let through, it is recorded as
one that can never succeed; above this it is only refused."""


async def deliver(function: EventFunction, request: Request, resources: Resources, work: Work) -> Response:
    """Handle one delivery; never raises for what the event or the handler does."""
    headers = dict(request.headers.items())
    try:
        event = told_by_clock(decode(headers, await request.body(), max_bytes=MAX_RECORDED_BYTES))
    except InvalidCloudEvent as error:
        telemetry.metrics().invalid.labels(function.name).inc()
        log.warning("refused: %s", error)
        findings = [
            {"loc": [name], "msg": reason} for name, reasons in error.findings.items() for reason in reasons
        ]
        refused = Invalid("EVENT_INVALID", "The request is no valid CloudEvent.", errors=findings)
        return problem(refused, request)
    # Knative's RabbitMQ broker turns the extensions into headers.
    carrier = event.extensions if "traceparent" in event.extensions else headers
    telemetry.charging()
    started = time.perf_counter()
    with (
        tracing.span(
            f"process {event.type}",
            parent=carrier,
            kind=tracing.SpanKind.CONSUMER,
        ) as span,
        logs.about(task_id=event.subject, user_id=event.extensions.get("userid"), function=function.name),
    ):
        if span.is_recording():
            span.set_attributes(
                {"faas.name": function.name, **attributes(event, KNATIVE, "process", function.name)}
            )
        response = await Attempt(function, event, request, resources, work).answer()
        span.set_attribute("http.response.status_code", response.status_code)
        if response.status_code >= 500:
            tracing.failed(span, str(response.status_code))
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        # A line a delivery would be the largest cost of a small stage; metrics count what went well.
        level = logging.DEBUG if response.status_code < 300 else logging.INFO
        told = (event.type, event.id, response.status_code)
        log.log(level, "%s %s → %d", *told, extra={"duration_ms": milliseconds})
        return response


class Attempt:
    """One attempt to handle an event. The ledger, where the function has one, is opened by it."""

    def __init__(
        self, function: EventFunction, event: CloudEvent, request: Request, resources: Resources, work: Work
    ) -> None:
        self.function, self.event, self.request = function, event, request
        self.resources, self.work = resources, work
        self._ledger: Ledger | None = None
        self._claimed = False

    async def answer(self) -> Response:
        """The answer for the broker; never raises for what the event or the handler does."""
        try:
            return _settled(self.function, self.event, await self._done())
        except WorkStopped as stopped:
            if stopped.reason is Stopped.CANCELLED:
                return Response(status_code=204)
            detail = "it took too long" if stopped.reason is Stopped.TIMEOUT else "this instance is stopping"
            error: FunctionError = Retry(detail, code=stopped.reason.name)
        except FunctionError as raised:
            error = raised
        except Exception:
            log.exception("unexpected error")
            error = Retry("unexpected error", code="INTERNAL")
        if error.status < 500:
            return await self._drop(error)
        await self._release()
        log.warning("%s: %s", error.code, error.detail)
        return problem(error, self.request)

    async def _done(self) -> Claim:
        """Work, unless the ledger knows what became of the event; what the work gave is stored."""
        function, event = self.function, self.event
        started = time.monotonic()
        data = _data(function, event)
        ledger = await self._opened()
        # Cancelling a job stops its stages, not what tells of its end. The claim is inside, because a job that is
        # cancelled just after it would not be heard of otherwise.
        subject = (function.stage and event.subject) or event.id
        async with self.work.on(subject, function.timeout_s):
            if ledger:
                claim = await ledger.claim(function, event)
                tracing.note("eco2.claim", claim.state.value)
                tracing.note("eco2.attempt", claim.attempt)
                if claim.state is not State.CLAIMED:
                    return claim
                self._claimed = True
            arguments = await self._arguments(data)
            with tracing.call(f"handle {function.name}", dict, kind=tracing.SpanKind.INTERNAL):
                output = await function.handler(**arguments)
        stored = _stored(function, output)
        if ledger is None:
            return Claim(State.DONE, stored)
        return await self._store(ledger, stored, until=started + function.timeout_s + LEASE_MARGIN_S - 1)

    async def _opened(self) -> Ledger | None:
        if self._ledger is None and self.function.ledger:
            self._ledger = await self.resources.get(cast("type[Ledger]", self.function.ledger))
        return self._ledger

    async def _arguments(self, data: EventData | None) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for parameter in parameters(self.function.handler):
            if parameter.is_service():
                arguments[parameter.name] = await self.resources.get(parameter.type)
            elif parameter.type is CloudEvent:
                arguments[parameter.name] = self.event
            elif parameter.type is Resources:
                arguments[parameter.name] = self.resources
            elif sdk.is_event(parameter.type):
                arguments[parameter.name] = sdk.to_sdk(parameter.type, self.event)
            else:
                arguments[parameter.name] = data
        return arguments

    async def _store(self, ledger: Ledger, output: bytes | None, *, until: float) -> Claim:
        """Store what the work gave. While the database restarts this waits for it: given up, the work, which a
        model may have been paid for, would be done again. Raises Retry at `until`, when the claim ends.
        """
        while True:
            try:
                return await ledger.complete(self.function, self.event, output)
            except Retry:
                if time.monotonic() + STORE_AGAIN_S > until:
                    raise
            await asyncio.sleep(STORE_AGAIN_S)

    async def _drop(self, error: FunctionError) -> Response:
        """Record what can never succeed, then let the broker drop it; while that fails, it shall come again."""
        function, event = self.function, self.event
        try:
            ledger = await self._opened()
            if ledger is None or not await ledger.fail(function, event, error.code):
                quarantine = await self.resources.get(registry.quarantine())
                await quarantine.refused(event, trigger=function.name, code=error.status, reason=error.detail)
        except Exception:
            log.exception("could not record a refused event")
            error = Retry("could not record a refused event")
        log.error("%s: %s", error.code, error.detail)
        return problem(error, self.request)

    async def _release(self) -> None:
        if self._ledger and self._claimed:
            try:
                await self._ledger.release(self.function, self.event)
            except FunctionError:
                log.warning("claim not released; it ends with its lease")


def _data(function: EventFunction, event: CloudEvent) -> EventData | None:
    if len(event.data) > MAX_EVENT_BYTES:
        raise Reject(
            "EVENT_TOO_LARGE", f"An event has {MAX_EVENT_BYTES} bytes at most, not {len(event.data)}."
        )
    if function.on is None:
        return None
    if event.type != function.on.type:
        raise Reject("EVENT_UNEXPECTED", f"{function.name} takes {function.on.type}, not {event.type}.")
    try:
        return from_event(function.on, event)
    except InvalidEventData as error:
        raise Reject("EVENT_DATA_INVALID", str(error)) from None


def _stored(function: EventFunction, output: Any) -> bytes | None:
    """What a handler gave, as it is stored: JSON of the data. Of an event of the SDK its type and data count.

    Raises InvalidCloudEvent or InvalidEventData where such an event is not what the declaration promises.
    """
    if sdk.is_event(type(output)) and function.emits:
        output = from_event(function.emits, sdk.from_sdk(output))
    return output.model_dump_json().encode() if isinstance(output, EventData) else None


def _settled(function: EventFunction, event: CloudEvent, claim: Claim) -> Response:
    """The answer for a claim that needs no (more) work."""
    if claim.state is State.BUSY:
        return Response(status_code=409)
    if claim.state is State.ENDED or claim.output is None or function.emits is None:
        return Response(status_code=204)
    reply = to_event(
        function.emits.model_validate_json(claim.output),
        source=function.source,
        subject=event.subject,
        # The same event at the same function always makes the same event, so redelivery makes no new one.
        id=derived_id(event.id, function.source),
        userid=event.extensions.get("userid"),
        expirytime=event.extensions.get("expirytime"),
        extensions=tracing.carried(),
    )
    headers, body = reply.to_binary()
    return Response(body, 200, headers)
