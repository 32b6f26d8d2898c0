"""A stage is told in words that fit how it stands."""

from __future__ import annotations

from functions.chat.graph.policies import POLICIES
from functions.chat.progress import step
from functions.chat.wording import STAGES
from tests.functions.chat.talk import Talk


def test_each_stage_has_words_of_its_own_for_each_status() -> None:
    assert set(POLICIES) < set(STAGES)
    for name, stage in STAGES.items():
        told = {status: step("j", name, status).message for status in ("started", "completed", "failed")}
        assert told["failed"].endswith("못했어요")
        assert told["failed"] not in (told["started"], told["completed"])
        assert (stage.words("failed"), stage.words("completed")) == (told["failed"], told["completed"])


async def test_a_tool_that_found_nothing_does_not_say_that_it_did(talk: Talk) -> None:
    job = await talk.say(await talk.begin(), "올해 분리배출 제도 바뀐 거 웹에서 검색해줘")
    await talk.deliver()
    failed = {one["stage"]: one["message"] for one in await talk.events(job) if one["status"] == "failed"}
    assert failed == {"web_search": "웹에서 찾지 못했어요"}
