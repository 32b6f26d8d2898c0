from __future__ import annotations

import json
import os

import pytest

from bench.chat import AnsweredTurn, Told, shown
from bench.meter import Meter


def test_an_answer_is_whole_when_its_tokens_are_the_answer() -> None:
    told = Told()
    events = [
        ("intent", {"status": "started"}),
        ("token", {"content": "페트병은 "}),
        ("token", {"content": "라벨을 떼요."}),
        ("answer", {"status": "completed", "ts": "2026-01-01T00:00:00.000+00:00"}),
        ("done", {"result": {"answer": "페트병은 라벨을 떼요."}, "ts": "2026-01-01T00:00:00.012+00:00"}),
    ]
    stream = "".join(f"event: {name}\nid: 1\ndata: {json.dumps(data)}\n\n" for name, data in events).encode()
    assert [told.feed(stream[:50]), told.feed(stream[50:])] == [False, True]
    assert (told.text, told.ended, len(told.tokens_at)) == (told.answer, "done", 2)
    assert told.kept - told.worded == pytest.approx(0.012, abs=1e-5)


def test_the_figures_leave_out_what_failed_and_name_it() -> None:
    turns = [
        AnsweredTurn(0.01, 0.1, 6.0, (0.02, 0.05), 0.012),
        AnsweredTurn(0, 0, 0, failure="submit 429 RATE_LIMITED"),
    ]
    text = shown(turns, AnsweredTurn(0.01, 0.05, 5.9, (0.04,), 0.01), Meter(os.getpid()), 0.02)
    assert "1 of 2 answers are whole" in text
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "|" in line]
    assert ["first token, ms", "50", "100", "100", "100", "p95 at most 100 more than alone"] in rows
    assert ["longest gap of a turn, ms", "40", "50", "50", "50", ""] in rows
    assert ["answer kept, ms", "10", "12", "12", "12", "p50 at most 15"] in rows
    assert text.endswith("submit 429 RATE_LIMITED")
