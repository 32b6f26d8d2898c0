"""Traces that go on without being recorded, and spans that are."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from process import logs, tracing

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What a process with an endpoint would send."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def test_without_an_endpoint_nothing_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracing.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    tracing.configure("x")
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    assert not tracing.recording()
    tracing.shut_down()


def test_outside_of_any_span_there_is_nothing_to_carry() -> None:
    assert tracing.carried() == {}
    assert tracing.trace_id() is None


def test_a_trace_begins_where_none_arrives_and_each_is_another() -> None:
    ids = set()
    for _ in range(2):
        with tracing.span("work"):
            ids.add(tracing.trace_id())
            assert tracing.carried()["traceparent"].split("-")[1] == tracing.trace_id()
    assert len(ids) == 2


def test_a_trace_that_arrives_goes_on_with_its_state() -> None:
    with tracing.span("work", parent={"traceparent": PARENT, "tracestate": "a=b", "else": "x"}):
        carried = tracing.carried()
    assert carried["traceparent"].startswith(f"00-{TRACE}-")
    assert carried["tracestate"] == "a=b"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_a_malformed_parent_begins_a_trace_anew(header: str) -> None:
    with tracing.span("work", parent={"traceparent": header}):
        assert tracing.trace_id() not in {None, TRACE}


@pytest.mark.parametrize("state", ["=", "a" * 600, "a=b,a=c", "\u00e9=1"])
def test_a_malformed_state_is_dropped_without_dropping_the_trace(state: str) -> None:
    with tracing.span("work", parent={"traceparent": PARENT, "tracestate": state}):
        assert tracing.trace_id() == TRACE
        assert tracing.carried().get("tracestate", "") in {"", "a=b", "a=c"}


def test_a_span_goes_on_below_one_that_was_stored_by_its_trace_alone() -> None:
    with tracing.span("work", parent=tracing.resumed(TRACE)):
        assert tracing.trace_id() == TRACE


def test_spans_nest_and_calls_are_recorded_within_them(recorded: InMemorySpanExporter) -> None:
    with (
        tracing.span("request", parent={"traceparent": PARENT}, kind=tracing.SpanKind.SERVER),
        tracing.call("SELECT", lambda: {"db.system.name": "postgresql"}),
    ):
        pass
    call, request = recorded.get_finished_spans()
    assert (call.name, request.name) == ("SELECT", "request")
    assert call.parent
    assert call.context
    assert request.context
    assert call.parent.span_id == request.context.span_id
    assert f"{call.context.trace_id:032x}" == TRACE
    assert dict(call.attributes or {}) == {"db.system.name": "postgresql"}


def test_a_call_outside_of_a_recorded_span_makes_none(recorded: InMemorySpanExporter) -> None:
    def attributes() -> dict[str, str]:
        raise AssertionError("attributes of a span that is not recorded")

    with tracing.call("GET", attributes) as span:
        assert not span.is_recording()
    assert recorded.get_finished_spans() == ()


def test_a_failed_call_tells_the_kind_of_its_error_and_not_its_words(recorded: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="secret"), tracing.span("request"), tracing.call("GET", dict):
        raise ValueError("secret")
    call, request = recorded.get_finished_spans()
    assert (call.attributes or {})["error.type"] == "ValueError"
    assert not call.status.is_ok
    for span in (call, request):
        assert "secret" not in span.to_json()


def test_a_span_can_outlive_its_block(recorded: InMemorySpanExporter) -> None:
    with tracing.span("request"):
        stream = tracing.start("stream", {"eco2.stream.events": 1})
    stream.end()
    request, streamed = recorded.get_finished_spans()
    assert streamed.parent
    assert request.context
    assert streamed.parent.span_id == request.context.span_id


def test_log_lines_carry_the_trace_and_what_they_are_about() -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "got %s", ("it",), None)
    record.duration_ms = 1.5
    with tracing.span("work", parent={"traceparent": PARENT}), logs.about(task_id="j1", user_id=None):
        line = logs.JsonFormatter().format(record)
    assert '"trace_id": "' + TRACE in line
    assert '"task_id": "j1"' in line
    assert '"message": "got it"' in line
    assert '"duration_ms": 1.5' in line
    assert "user_id" not in line
    assert "task_id" not in logs.JsonFormatter().format(record)
