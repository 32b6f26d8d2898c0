from __future__ import annotations

import json

import pytest

from eventing.progress.events import Entry, Progress, ServerSentEvent, encode, in_order


def test_data_has_all_that_a_client_relies_on() -> None:
    entry = Entry.of(
        Progress("job", "vision", "started", 25, "분석 중", trace_id="t", ts="2026-01-01T00:00:00Z", seq=2)
    )

    assert json.loads(entry.data) == {
        "seq": 2,
        "job_id": "job",
        "stage": "vision",
        "status": "started",
        "ts": "2026-01-01T00:00:00Z",
        "progress": 25,
        "message": "분석 중",
        "result": None,
        "trace_id": "t",
    }
    assert not entry.terminal


def test_an_error_says_what_failed_where() -> None:
    failed = Progress(
        "job", "error", "failed", message="다시 찍어 주세요", error="timeout", failed_stage="vision"
    )
    data = json.loads(failed.data())

    assert (data["type"], data["error"], data["stage"], data["message"]) == (
        "error",
        "timeout",
        "vision",
        "다시 찍어 주세요",
    )
    assert failed.terminal
    assert data["ts"].endswith("+00:00")


def test_an_entry_survives_the_wire() -> None:
    entry = Entry(7, "done", '{"seq":7,"message":"줄\\n바꿈"}')

    assert Entry.parse(f"7 done\n{entry.data}".encode()) == entry
    for raw in (b"", b"7", b"x done\n{}", b"7 done", b"7 done\nno json"):
        with pytest.raises(ValueError, match=r"entry|invalid literal"):
            Entry.parse(raw)


def test_the_stream_has_one_data_line_an_event() -> None:
    result = {"text": "a\r\nb\u2028c"}
    data = Entry.of(Progress("job", "done", "completed", result=result, seq=10)).data

    raw = encode(ServerSentEvent("done", data, 10))
    assert raw == f"event: done\nid: 10\ndata: {data}\n\n".encode()
    assert raw.count(b"\n") == 4
    assert b"\r" not in raw
    assert encode(ServerSentEvent("keepalive", "{}")) == b"event: keepalive\ndata: {}\n\n"


def test_entries_come_in_order_and_once() -> None:
    entries = [Entry(seq, "token", f'{{"n":{n}}}') for n, seq in enumerate((5, 3, 5, 1, 4))]

    assert [entry.seq for entry in in_order(entries, after=2)] == [3, 4, 5]
    assert in_order(entries, after=4)[0].data == '{"n":0}'


def test_the_encoder_agrees_with_sse_starlette() -> None:
    from sse_starlette import ServerSentEvent as Reference

    for sent in (ServerSentEvent("vision", '{"a":"가"}', 3), ServerSentEvent("keepalive", "{}")):
        reference = Reference(
            sent.data, event=sent.event, id=None if sent.id is None else str(sent.id), sep="\n"
        )
        assert sorted(encode(sent).split(b"\n")) == sorted(reference.encode().split(b"\n"))
