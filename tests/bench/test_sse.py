from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.sse import EventParser, ScanStream
from tests.bench.platform import event, events


@given(st.lists(st.integers(1, 200), max_size=80), st.booleans())
def test_events_are_the_same_however_the_bytes_are_cut(cuts: list[int], carriage_returns: bool) -> None:
    whole = b": comment\n\n" + b"".join(events("job-1"))
    if carriage_returns:
        whole = whole.replace(b"\n", b"\r\n")
    parser, found, at = EventParser(), [], 0
    for cut in [*cuts, len(whole)]:
        found += list(parser.feed(whole[at : at + cut]))
        at += cut
    assert [number for _, number, _ in found] == [str(n) for n in range(1, len(found) + 1)]
    assert found[-1][0] == "done"


def test_a_whole_stream_has_no_finding_and_keeps_the_result() -> None:
    stream = ScanStream("job-1")
    for piece in events("job-1"):
        assert not stream.ended
        stream.feed(b"event: keepalive\ndata: {}\n\n" + piece)
    assert stream.ended
    assert stream.finding() is None
    assert stream.result["task_id"] == "job-1"


def test_findings_name_what_was_wrong_first() -> None:
    def finding(*pieces: bytes) -> str | None:
        stream = ScanStream("job-1")
        for piece in pieces:
            stream.feed(piece)
        return stream.finding()

    first = event("job-1", 1, "queued", "started")
    assert finding() == "stream closed early"
    assert finding(first, first) == "stream repeats an event"
    assert finding(first, event("job-1", 3, "vision", "started")) == "stream misses a seq"
    assert finding(first, event("job-1", 0, "vision", "started")) == "stream out of order"
    assert finding(first, event("job-2", 2, "vision", "started")) == "stream of another job"
    assert (
        finding(first.replace(b"event: queued", b"event: rule"))
        == "stream event named otherwise than its stage"
    )
    failed = event("job-1", 2, "vision", "failed"), event("job-1", 3, "vision", "failed", error="provider")
    assert (
        finding(first, failed[0], failed[1].replace(b"event: vision", b"event: error"))
        == "stream error provider"
    )
    assert finding(first.replace(b"id: 1\n", b"")) == "stream event without id"
    assert finding(b"event: vision\ndata: {}\n\n") == "stream event without stage, status or seq"
    assert finding(first, event("job-1", 2, "done", "completed")) == "stream without answer completed"
    assert finding(*events("job-1"), event("job-1", 11, "vision", "late")) == "stream goes on after its end"
    assert finding(first, event("job-1", 2, "error", "failed", error="provider")) == "stream error provider"
