"""The span of an event stream."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from eventing.progress.stream_span import StreamSpan
from process import tracing

BEGUN = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@pytest.mark.parametrize(
    ("events", "by_us", "sent", "how"),
    [
        (["queued", "keepalive", "done"], True, 2, "done"),
        (["queued", "error"], True, 2, "error"),
        (["queued"], False, 1, "left"),
        ([], True, 0, "stopped"),
    ],
)
def test_it_tells_how_many_events_it_sent_and_how_it_ended(
    recorded: InMemorySpanExporter, events: list[str], by_us: bool, sent: int, how: str
) -> None:
    span = StreamSpan("scan", "job", 3, BEGUN)
    with span.current(), tracing.call("LRANGE", dict):
        pass
    for event in events:
        span.count(event)
    span.end(by_us=by_us)
    read, stream = recorded.get_finished_spans()
    assert stream.name == "stream scan"
    assert dict(stream.attributes or {}) == {
        "eco2.job_id": "job",
        "eco2.stream.after": 3,
        "eco2.stream.events": sent,
        "eco2.stream.end": how,
    }
    assert stream.parent
    assert f"{stream.parent.span_id:016x}" == "b7ad6b7169203331"
    assert read.parent
    assert read.parent.span_id == stream.context.span_id


def test_without_a_recorder_it_is_nothing() -> None:
    span = StreamSpan("scan", "job", None, BEGUN)
    with span.current():
        assert tracing.trace_id() is None
    span.count("done")
    span.end(by_us=True)
