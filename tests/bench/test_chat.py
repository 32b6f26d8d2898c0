from __future__ import annotations

import json
import os

from bench.chat import AnsweredTurn, Told, shown
from bench.meter import Meter


def test_an_answer_is_whole_when_its_tokens_are_the_answer() -> None:
    told = Told()
    events = [
        ("intent", {"status": "started"}),
        ("token", {"content": "페트병은 "}),
        ("token", {"content": "라벨을 떼요."}),
        ("done", {"result": {"answer": "페트병은 라벨을 떼요."}}),
    ]
    stream = "".join(f"event: {name}\nid: 1\ndata: {json.dumps(data)}\n\n" for name, data in events).encode()
    assert [told.feed(stream[:50]), told.feed(stream[50:])] == [False, True]
    assert (told.text, told.ended, len(told.tokens_at)) == (told.answer, "done", 2)


def test_the_figures_leave_out_what_failed_and_name_it() -> None:
    turns = [AnsweredTurn(0.01, 0.1, 6.0, 0.05), AnsweredTurn(0.01, 0, 0, 0, "submit 429 RATE_LIMITED")]
    text = shown(turns, AnsweredTurn(0.01, 0.05, 5.9, 0.04), Meter(os.getpid()))
    assert "1 of 2 answers are whole" in text
    assert "first token, ms" in text
    assert text.endswith("submit 429 RATE_LIMITED")
