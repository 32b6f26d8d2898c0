from __future__ import annotations

import json

import pytest

from eventing.progress.events import Progress, ProgressEntry, in_order


def test_data_has_all_that_a_client_relies_on() -> None:
    entry = ProgressEntry.of(
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
    entry = ProgressEntry(7, "done", '{"seq":7,"message":"줄\\n바꿈"}')

    assert ProgressEntry.parse(f"7 done\n{entry.data}".encode()) == entry
    for raw in (b"", b"7", b"x done\n{}", b"7 done", b"7 done\nno json"):
        with pytest.raises(ValueError, match=r"entry|invalid literal"):
            ProgressEntry.parse(raw)


def test_entries_come_in_order_and_once() -> None:
    entries = [ProgressEntry(seq, "token", f'{{"n":{n}}}') for n, seq in enumerate((5, 3, 5, 1, 4))]

    assert [entry.seq for entry in in_order(entries, after=2)] == [3, 4, 5]
    assert in_order(entries, after=4)[0].data == '{"n":0}'
