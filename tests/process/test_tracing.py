"""Traces that go on without being recorded, and spans that are."""

from __future__ import annotations

import concurrent.futures
import logging
import os
import socket
import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from process import logs, tracing

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


def span_id(of: ReadableSpan) -> str:
    return f"{of.context.span_id:016x}"


def parent(of: ReadableSpan) -> str:
    assert of.parent
    return f"{of.parent.span_id:016x}"


def test_without_an_endpoint_nothing_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracing.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    tracing.configure("x")
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


def test_work_that_is_done_bit_by_bit_is_a_span_of_the_trace_it_belongs_to(
    recorded: InMemorySpanExporter,
) -> None:
    with tracing.span("GET stream"):
        stream = tracing.apart("stream", {"traceparent": PARENT}, lambda: {"eco2.job_id": "j1"})
    with tracing.within(stream), tracing.call("SELECT", dict):
        pass
    assert tracing.trace_id() is None
    stream.end()
    request, call, streamed = recorded.get_finished_spans()
    assert parent(streamed) == SPAN
    assert parent(call) == span_id(streamed)
    assert [link.context.span_id for link in streamed.links] == [request.context.span_id]
    assert dict(streamed.attributes or {}) == {"eco2.job_id": "j1"}


def test_without_a_trace_to_belong_to_it_lies_below_the_current_span(recorded: InMemorySpanExporter) -> None:
    with tracing.span("GET stream"):
        tracing.apart("stream", {}, dict).end()
    streamed, request = recorded.get_finished_spans()
    assert parent(streamed) == span_id(request)
    assert not streamed.links


def test_what_is_not_recorded_is_not_built() -> None:
    def attributes() -> dict[str, str]:
        raise AssertionError("attributes of a span that is not recorded")

    with tracing.span("request"), tracing.call("SELECT", attributes) as call:
        assert not call.is_recording()
        stream = tracing.apart("stream", {"traceparent": PARENT}, attributes)
        before = tracing.trace_id()
        with tracing.within(stream):
            assert tracing.trace_id() == before
        assert tracing.current() is None


def test_a_trace_that_nobody_samples_is_not_recorded(recorded: InMemorySpanExporter) -> None:
    with (
        tracing.span("request", parent={"traceparent": f"00-{TRACE}-{SPAN}-00"}),
        tracing.call("SELECT", dict),
    ):
        assert tracing.trace_id() == TRACE
        assert tracing.carried()["traceparent"].endswith("-00")
    assert not recorded.get_finished_spans()


def test_flags_that_nobody_knows_are_not_passed_on() -> None:
    with tracing.span("work", parent={"traceparent": f"cc-{TRACE}-{SPAN}-ff-what-comes"}):
        assert tracing.carried()["traceparent"] == f"00-{TRACE}-{SPAN}-03"


def test_an_error_may_say_its_type_and_else_its_cause_is_told(recorded: InMemorySpanExporter) -> None:
    class Refused(Exception):
        error_type = "refused"

    with pytest.raises(Refused), tracing.span("one"):
        raise Refused
    with pytest.raises(ValueError, match="x"), tracing.span("two"):
        raise ValueError("x") from KeyError("y")
    assert [(span.attributes or {})["error.type"] for span in recorded.get_finished_spans()] == [
        "refused",
        "KeyError",
    ]


@pytest.mark.parametrize(
    ("environment", "records"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_an_endpoint_makes_a_process_record(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], records: bool
) -> None:
    for name in (*tracing.ENDPOINTS, "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    tracing.configure("scan-rule")
    tracing.configure("once is enough")
    assert tracing.recording() is records
    tracing.shut_down()
    tracing.shut_down()
    assert not tracing.recording()


def test_the_last_spans_are_sent_when_a_process_ends_and_a_dead_collector_holds_up_nobody() -> None:
    """In processes of their own: the SDK is loaded with the first endpoint only."""
    program = (
        "import sys\nfrom process import tracing\nloaded = lambda: 'opentelemetry.sdk' in sys.modules\n"
        "assert not loaded()\ntracing.configure('x')\nassert loaded()\n"
        "with tracing.span('last'): pass\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent, concurrent.futures.ThreadPoolExecutor() as pool:
        silent.settimeout(30)

        def first_bytes() -> bytes:
            connection, _ = silent.accept()
            with connection:
                connection.settimeout(30)
                return connection.recv(64)

        came = pool.submit(first_bytes)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": url}
        subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=30)
        assert came.result(30).startswith(b"POST /v1/traces")


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
