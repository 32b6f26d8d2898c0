from __future__ import annotations

import pytest

from eventing import trace

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{SPAN}-01"


def test_a_header_is_read_and_written_again() -> None:
    span = trace.parse(HEADER, "rojo=00f067aa0ba902b7, congo@fn=t61rcWkgMzE")

    assert span == trace.TraceContext(TRACE, SPAN, 1, "rojo=00f067aa0ba902b7,congo@fn=t61rcWkgMzE")
    assert span.traceparent == HEADER
    assert span.sampled


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        HEADER.upper().replace("00-", "00-", 1),
        HEADER + "-x",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"0-{TRACE}-{SPAN}-01",
        f" {HEADER}",
        f"01-{TRACE}-{SPAN}-01x",
    ],
)
def test_a_malformed_header_begins_a_new_trace(header: str | None) -> None:
    assert trace.parse(header) is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert trace.parse(f"cc-{TRACE}-{SPAN}-ff-what-comes") == trace.TraceContext(TRACE, SPAN, 3)


@pytest.mark.parametrize(
    "tracestate",
    ["novalue", "UPPER=1", "a=1,a=2", "a=b=c", ",".join(f"k{n}=v" for n in range(33)), "a=\x7f", "=x"],
)
def test_a_malformed_tracestate_is_dropped_and_the_trace_kept(tracestate: str) -> None:
    assert trace.parse(HEADER, tracestate) == trace.TraceContext(TRACE, SPAN, 1)


def test_a_long_tracestate_loses_its_oldest_members() -> None:
    span = trace.parse(HEADER, ",".join(f"k{n}={'v' * 100}" for n in range(10)))

    assert span
    assert span.tracestate
    assert span.tracestate.startswith("k0=")
    assert len(span.tracestate) <= 512


def test_a_child_is_a_new_span_of_the_same_trace() -> None:
    parent = trace.parse(HEADER, "a=b")
    assert parent
    child = parent.child()

    assert (child.trace_id, child.flags, child.tracestate) == (TRACE, 1, "a=b")
    assert child.span_id != parent.span_id
    assert trace.parse(child.traceparent, child.tracestate) == child


def test_a_new_trace_is_valid() -> None:
    assert trace.parse(trace.new().traceparent) is not None
    assert not trace.new(sampled=False).sampled
