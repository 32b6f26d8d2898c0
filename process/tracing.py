"""Traces by OpenTelemetry: its API always, its SDK only where an endpoint to send spans to is set.

Without the SDK spans are not recorded, but a trace goes on all the same: what arrives with `traceparent` is passed
on, and what arrives without one begins a trace, so that log lines and events of one job carry one id.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

__all__ = [
    "Span",
    "SpanKind",
    "call",
    "carried",
    "configure",
    "failed",
    "recording",
    "resumed",
    "shut_down",
    "span",
    "start",
    "trace_id",
]

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_SHUT_DOWN_MS = 3_000
_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("eco2")


def configure(service: str) -> None:
    """Record and export this process's spans where an endpoint is set; `OTEL_SERVICE_NAME` wins over `service`."""
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = os.environ.get("OTEL_SERVICE_NAME", service)
    provider = TracerProvider(resource=Resource.create({"service.name": named}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def recording() -> bool:
    """Whether this process records spans; where it does not, a busy caller may leave them out."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def shut_down() -> None:
    """Send what is not sent yet, within a bound."""
    provider = trace.get_tracer_provider()
    if hasattr(provider, "force_flush"):
        provider.force_flush(_SHUT_DOWN_MS)


@contextmanager
def span(
    name: str,
    *,
    parent: Mapping[str, str] | Context | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Iterator[Span]:
    """A span for the duration of the block, current in it.

    parent: headers or an event's extensions that may carry `traceparent` and `tracestate` (malformed ones begin a
    trace anew), a context, or None for the current span.
    """
    token = attach(_context(parent)) if parent is not None else None
    try:
        with _tracer.start_as_current_span(
            name,
            kind=kind,
            attributes=attributes,
            record_exception=False,  # its text may repeat what was sent
            set_status_on_exception=False,
        ) as started:
            if started.get_span_context().is_valid:
                yield started
                return
            begun = _begun()
            with trace.use_span(begun, record_exception=False, set_status_on_exception=False):
                yield begun
    finally:
        if token is not None:
            detach(token)


@contextmanager
def call(name: str, attributes: Callable[[], Mapping[str, AttributeValue]]) -> Iterator[Span]:
    """A span of a call to something else (database, Redis, model, another server) within a recorded one.

    Outside of a recorded span it makes none: what loops in the background would begin a trace a turn. `attributes` is
    called only where they are recorded. An error's type is recorded, its text is not: it may repeat what was sent.
    """
    current = trace.get_current_span()
    if not current.is_recording():
        yield current
        return
    with _tracer.start_as_current_span(
        name,
        kind=SpanKind.CLIENT,
        attributes=attributes(),
        record_exception=False,
        set_status_on_exception=False,
    ) as started:
        try:
            yield started
        except Exception as error:
            failed(started, type(error).__name__)
            raise


def failed(span: Span, error_type: str) -> None:
    """Mark `span` as failed; `error_type` is a class of errors or a status, never a message."""
    span.set_attribute("error.type", error_type)
    span.set_status(Status(StatusCode.ERROR))


def start(name: str, attributes: Mapping[str, AttributeValue] | None = None) -> Span:
    """A span below the current one that its holder ends; it is not current itself (for what outlives a block)."""
    return _tracer.start_span(name, attributes=attributes)


def _context(parent: Mapping[str, str] | Context) -> Context:
    if isinstance(parent, Context):
        return parent
    return _propagator.extract({name: parent[name] for name in _propagator.fields if name in parent})


def carried() -> dict[str, str]:
    """`traceparent` and, where there is one, `tracestate` of the current span; empty outside of any."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier


def trace_id() -> str | None:
    """The current trace's id, 32 hexadecimal digits."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def resumed(trace_id: str) -> Context:
    """A context in a trace that was stored by its id alone. Raises ValueError when that is no trace id."""
    return trace.set_span_in_context(_unrecorded(int(trace_id, 16)), Context())


def _begun() -> NonRecordingSpan:
    return _unrecorded(secrets.randbits(128) or 1)


def _unrecorded(id: int) -> NonRecordingSpan:
    sampled = TraceFlags(TraceFlags.SAMPLED)
    return NonRecordingSpan(SpanContext(id, secrets.randbits(64) or 1, is_remote=False, trace_flags=sampled))
