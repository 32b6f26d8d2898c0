"""A turn's stream as a run of AG-UI: what is open is closed, the answer is whole, the protocol's rules hold."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sse_starlette import ServerSentEvent

from functions.chat.ag_ui import AgUiEvent, AgUiRun, as_ag_ui
from functions.chat.stream.func import stream
from tests.functions.chat.talk import BASE, Talk

DONE = ("done", {"status": "completed", "result": {"answer": "비우고 헹궈요."}})
STAGES = st.sampled_from(["queued", "intent", "weather", "answer"])
STATUSES = st.sampled_from(["started", "completed", "failed"])
TOLD = st.one_of(
    st.tuples(STAGES, st.builds(lambda status: {"status": status}, STATUSES)),
    st.tuples(
        st.just("token"), st.builds(lambda text: {"content": text}, st.sampled_from(["비우", "고", ""]))
    ),
    st.just(("needs_input", {"input_type": "location", "timeout": 60, "message": "어디예요?"})),
)
ENDS = st.sampled_from([DONE, ("error", {"error": "cancelled", "message": "취소했어요"})])


def gathered(told: list[tuple[str, dict[str, Any]]]) -> list[AgUiEvent]:
    run = AgUiRun("chat", "job")
    return [run.begin(), *(event for stage, data in told for event in run.events(stage, data))]


def kept(events: list[AgUiEvent]) -> dict[str, str]:
    """The messages of a run, after a check by the protocol's rules of order."""
    assert [event["type"] for event in events].count("RUN_STARTED") == 1
    assert events[0] == {"type": "RUN_STARTED", "threadId": "chat", "runId": "job"}
    assert events[-1]["type"] in ("RUN_FINISHED", "RUN_ERROR")
    steps: set[str] = set()
    texts: dict[str, str] = {}
    open_texts: set[str] = set()
    for event in events[1:-1]:
        match event["type"]:
            case "STEP_STARTED":
                assert event["stepName"] not in steps
                steps.add(event["stepName"])
            case "STEP_FINISHED":
                steps.remove(event["stepName"])
            case "TEXT_MESSAGE_START":
                assert event["messageId"] not in texts
                texts[event["messageId"]] = ""
                open_texts.add(event["messageId"])
            case "TEXT_MESSAGE_CONTENT":
                assert event["messageId"] in open_texts
                assert event["delta"]
                texts[event["messageId"]] += event["delta"]
            case "TEXT_MESSAGE_END":
                open_texts.remove(event["messageId"])
            case other:
                assert other == "CUSTOM"
    assert not steps | open_texts
    return texts


@given(st.lists(TOLD, max_size=12), ENDS)
def test_whatever_is_told_is_a_run_by_the_rules(
    told: list[tuple[str, dict[str, Any]]], end: tuple[str, dict[str, Any]]
) -> None:
    texts = kept(gathered([*told, end]))
    if end == DONE:
        assert list(texts.values())[-1] == "비우고 헹궈요."


def test_what_was_not_told_in_pieces_follows_at_the_end() -> None:
    assert kept(gathered([("token", {"content": "비우고"}), DONE])) == {"job": "비우고 헹궈요."}
    assert kept(gathered([DONE])) == {"job": "비우고 헹궈요."}


def test_an_answer_whose_pieces_were_lost_is_told_anew() -> None:
    texts = kept(gathered([("token", {"content": "헹궈요."}), DONE]))
    assert texts == {"job": "헹궈요.", "job-whole": "비우고 헹궈요."}


async def test_a_stream_that_ends_before_its_turn_is_a_run_that_failed() -> None:
    async def told() -> AsyncGenerator[ServerSentEvent]:
        yield ServerSentEvent('{"status":"started"}', event="intent")
        yield ServerSentEvent('{"timestamp":"x"}', event="keepalive")

    sent = [event async for event in as_ag_ui(told(), "chat", "job")]
    assert [event.comment for event in sent if event.comment] == ["keepalive"]
    events = [json.loads(event.data) for event in sent if event.data]
    assert kept(events) == {}
    assert events[-1]["code"] == "connection_reset"


async def test_the_profile_shows_a_turn_from_its_start_whenever_it_is_asked_for(talk: Talk) -> None:
    chat = await talk.begin()
    job = await talk.say(chat, "페트병 라벨은 어떻게 버려요?")
    await talk.deliver()
    plain = await talk.events(job)
    for last in ({}, {"last-event-id": str(plain[-1]["seq"])}):
        path = f"{BASE}/{job}/events?profile=ag-ui"
        answer = await talk.functions.call(stream, "GET", path, user=talk.user, headers=last)
        events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
        assert events[0] == {"type": "RUN_STARTED", "threadId": chat, "runId": job}
        assert events[-1]["result"] == plain[-1]["result"]
        events[0] |= {"threadId": "chat", "runId": "job"}
        assert kept(events) == {job: plain[-1]["result"]["answer"]}
    refused = await talk.functions.call(stream, "GET", f"{BASE}/{job}/events?profile=x", user=talk.user)
    assert refused.status_code == 422
