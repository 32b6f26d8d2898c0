"""Traces by OpenTelemetry: its API always, its SDK only where an endpoint to send spans to is set.

Without the SDK spans are not recorded, but a trace goes on all the same: what arrives with `traceparent` is passed
on, and what arrives without one begins a trace, so that log lines and events of one job carry one id.

Spans hold names, counts and kinds of errors. Messages of exceptions may quote what a user wrote: they are left out.
"""

from __future__ import annotations

import atexit
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

__all__ = [
    "Link",
    "Span",
    "SpanContext",
    "SpanKind",
    "apart",
    "call",
    "carried",
    "configure",
    "current",
    "failed",
    "note",
    "recording",
    "shut_down",
    "span",
    "trace_id",
    "within",
]

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_SHUT_DOWN_S = 3.0
_KNOWN_FLAGS = TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID  # others must not be passed on (W3C, level 2)
_UNRECORDED: AbstractContextManager[Span] = nullcontext(INVALID_SPAN)
_propagator = TraceContextTextMapPropagator()
_tracer: Tracer | None = None
_provider: TracerProvider | None = None


def configure(service: str) -> None:
    """Record and export this process's spans where an endpoint is set; `OTEL_SERVICE_NAME` wins over `service`.

    Once a process; what is not sent yet when it ends is sent then, within a bound.
    """
    global _tracer, _provider
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if disabled or _provider is not None or not any(os.environ.get(name) for name in ENDPOINTS):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = os.environ.get("OTEL_SERVICE_NAME") or service
    # Its own way to end at exit may wait half a minute for a collector that is gone.
    _provider = TracerProvider(resource=Resource.create({"service.name": named}), shutdown_on_exit=False)
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("eco2")
    atexit.register(shut_down)


def recording() -> bool:
    """Whether this process records spans; where it does not, a busy caller may leave them out."""
    return _tracer is not None


def shut_down() -> None:
    """Send what is not sent yet, for three seconds at most, and record no more."""
    global _tracer, _provider
    ended, _tracer, _provider = _provider, None, None
    if ended is not None:
        sending = threading.Thread(target=ended.shutdown, name="last spans", daemon=True)
        sending.start()
        sending.join(_SHUT_DOWN_S)


def span(
    name: str,
    *,
    parent: Mapping[str, str] | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> AbstractContextManager[Span]:
    """A span for the duration of the block, current in it. An exception's `error_type`, or its class, is recorded.

    parent: headers or an event's extensions that may carry `traceparent` and `tracestate` (malformed ones begin a
    trace anew), or None for the current span; without that, a trace begins.
    """
    above = None if parent is None else _extracted(parent)
    if _tracer is None:
        return _carrying(above)
    return _recorded(_tracer, name, above, kind, attributes, None)


def call(
    name: str,
    attributes: Callable[[], Mapping[str, AttributeValue]],
    *,
    kind: SpanKind = SpanKind.CLIENT,
    links: Sequence[Link] | None = None,
) -> AbstractContextManager[Span]:
    """A span of a step within a recorded one, such as a call to a database, Redis, a model or another server.

    Outside of a recorded span it makes none: what loops in the background would begin a trace a turn. `attributes` is
    called only where they are recorded.
    """
    if _tracer is None or not trace.get_current_span().is_recording():
        return _UNRECORDED
    return _recorded(_tracer, name, None, kind, attributes(), links)


def apart(
    name: str, parent: Mapping[str, str], attributes: Callable[[], Mapping[str, AttributeValue]]
) -> Span:
    """A span of work that is done bit by bit: it is current `within` each bit only, and its holder ends it.

    It lies below `parent` and is linked with the current span; where `parent` has no `traceparent`, below that.
    """
    if _tracer is None:
        return INVALID_SPAN
    if "traceparent" not in parent:
        return _tracer.start_span(name, attributes=attributes())
    links = [Link(linked)] if (linked := current()) else None
    return _tracer.start_span(name, _extracted(parent), attributes=attributes(), links=links)


def within(span: Span) -> AbstractContextManager[object]:
    """Make a span current in the block, without ending it."""
    if not span.is_recording():
        return _UNRECORDED
    return trace.use_span(span, record_exception=False, set_status_on_exception=False)


def failed(span: Span, error_type: str) -> None:
    """Mark `span` as failed; `error_type` is a class of errors or a status, never a message."""
    span.set_attribute("error.type", error_type)
    span.set_status(Status(StatusCode.ERROR))


def note(name: str, value: AttributeValue) -> None:
    """Set an attribute of the current span, where it is recorded."""
    trace.get_current_span().set_attribute(name, value)


def current() -> SpanContext | None:
    """The current span where it is recorded, to be linked from another."""
    span = trace.get_current_span()
    return span.get_span_context() if span.is_recording() else None


def carried() -> dict[str, str]:
    """`traceparent` and, where there is one, `tracestate` of the current span; empty outside of any."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier


def trace_id() -> str | None:
    """The current trace's id, 32 hexadecimal digits."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


@contextmanager
def _recorded(
    tracer: Tracer,
    name: str,
    above: Context | None,
    kind: SpanKind,
    attributes: Mapping[str, AttributeValue] | None,
    links: Sequence[Link] | None,
) -> Iterator[Span]:
    started = tracer.start_span(name, above, kind, attributes, links)
    token = attach(trace.set_span_in_context(started, above))
    try:
        yield started
    except Exception as error:
        # Its words may repeat what was sent.
        failed(started, getattr(error, "error_type", None) or type(error.__cause__ or error).__name__)
        raise
    finally:
        detach(token)
        started.end()


@contextmanager
def _carrying(above: Context | None) -> Iterator[Span]:
    """Let the trace go on, or begin, without a span of ours."""
    carried = trace.get_current_span(above)
    if not carried.get_span_context().is_valid:
        carried = _unrecorded()
    token = attach(trace.set_span_in_context(carried, above))
    try:
        yield carried
    finally:
        detach(token)


def _extracted(parent: Mapping[str, str]) -> Context:
    if "traceparent" not in parent:
        return Context()
    above = _propagator.extract({name: parent[name] for name in _propagator.fields if name in parent})
    came = trace.get_current_span(above).get_span_context()
    if not came.trace_flags & ~_KNOWN_FLAGS:
        return above
    known = TraceFlags(came.trace_flags & _KNOWN_FLAGS)
    kept = SpanContext(came.trace_id, came.span_id, True, known, came.trace_state)
    return trace.set_span_in_context(NonRecordingSpan(kept), Context())


def _unrecorded() -> NonRecordingSpan:
    """The beginning of a trace."""
    ids = secrets.randbits(128) or 1, secrets.randbits(64) or 1
    return NonRecordingSpan(SpanContext(*ids, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)))
