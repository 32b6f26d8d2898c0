"""The chat on a cluster where nothing runs that nobody asked for."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from functions.providers.simulated.outputs import TEXT
from tests.cluster import model, pods
from tests.cluster.conftest import Cluster
from tests.cluster.crowd import insist
from tests.end_to_end.client import User
from tests.end_to_end.talking import CHAT, Conversation, complaints, told

log = logging.getLogger(__name__)
WITHIN_S = 150.0
FUNCTIONS = (
    "auth-authorize",
    "chat-create",
    "chat-send",
    "chat-agent",
    "chat-detail",
    "chat-inputs",
    "chat-resume",
)
"""What a message goes through and is not there while nobody asks; `chat-stream` always is."""
QUESTION = "페트병 라벨은 어떻게 버려요? 이코는 누구야?"


@pytest.fixture
async def user(cluster: Cluster) -> AsyncIterator[User]:
    """Somebody new."""
    async with User.anonymous(cluster.url) as signed_in:
        await insist(lambda: signed_in.sign_in(f"이웃 {uuid4()}"))
        yield signed_in


async def test_a_message_is_answered_with_every_function_at_zero(cluster: Cluster, user: User) -> None:
    chat = await insist(lambda: Conversation.begun(user))
    await pods.none(cluster, FUNCTIONS)
    began = time.monotonic()
    job_id = await insist(lambda: chat.say(QUESTION))
    events = await chat.follow(job_id, within_s=WITHIN_S)
    log.info("an answer from zero pods took %.1f s", time.monotonic() - began)

    assert complaints(events) == []
    assert {"intent", "waste_rag", "character", "answer"} <= {event.name for event in events}
    result = events[-1].data["result"]
    assert told(events) == result["answer"]
    assert "비닐" in result["answer"]
    assert "이코" in result["answer"]
    asked, answered = await insist(chat.messages)
    assert (asked["content"], answered["content"]) == (QUESTION, result["answer"])
    assert result["persistence"]["user_message"] == asked["id"]
    assert result["persistence"]["assistant_message"] == answered["id"]
    for at in (0, len(events) // 2):
        path = f"{CHAT}/{job_id}/events"
        assert await user.stream(job_id, after=events[at].id, path=path) == events[at + 1 :]


async def test_a_hosted_model_is_paid_once_for_an_answer(cluster: Cluster, user: User) -> None:
    chat = await insist(lambda: Conversation.begun(user))
    job_id = await insist(lambda: chat.say(QUESTION, model=model.NAME))
    events = await chat.follow(job_id, within_s=WITHIN_S)
    assert complaints(events) == []
    assert told(events) == events[-1].data["result"]["answer"] == TEXT
    markers = model.calls(cluster)["markers"]
    assert {name: markers.get(f"{job_id}:{name}") for name in ("intent", "answer")} == {
        "intent": 1,
        "answer": 1,
    }


async def test_a_turn_that_waits_goes_on_in_another_function(user: User) -> None:
    chat = await insist(lambda: Conversation.begun(user))
    job_id = await insist(lambda: chat.say("근처에 제로웨이스트 가게 있어?"))
    seen = []
    async for event in user.events(job_id, path=f"{CHAT}/{job_id}/events"):
        seen.append(event.name)
        if event.name == "needs_input":
            break
    assert seen[-1] == "needs_input"
    given = {"type": "location", "data": {"latitude": 37.5563, "longitude": 126.9723}}
    answer = await insist(lambda: user.ask("POST", f"{CHAT}/{job_id}/input", json=given))
    assert answer.status == 200, answer
    events = await chat.follow(job_id, within_s=WITHIN_S)
    assert complaints(events) == []
    assert "location" in {event.name for event in events}


async def test_who_can_not_draw_shows_the_character_at_an_address_that_is_served(user: User) -> None:
    chat = await insist(lambda: Conversation.begun(user))
    events = await chat.follow(await insist(lambda: chat.say("글래시 그림 그려줘")), within_s=WITHIN_S)
    answer = events[-1].data["result"]["answer"]
    address = answer.rpartition("](")[2].removesuffix(")")
    shown = await insist(lambda: user.ask("GET", address))
    assert (shown.status, shown.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")
    assert "글래시" in shown.body.decode()
