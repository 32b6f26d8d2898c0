"""Pictures of the chat are served where it says, through the edge and its way around a miss."""

from __future__ import annotations

from functions.chat.graph.drawing import MADE
from tests.end_to_end.client import User
from tests.end_to_end.platform import running
from tests.end_to_end.talking import Conversation, complaints


async def test_who_can_not_draw_shows_a_picture_that_is_served() -> None:
    with running(processes=1) as platform:
        async with User.signed_in(platform.url, "그림") as user:
            chat = await Conversation.begun(user)
            events = await chat.follow(await chat.say("글래시 그림 그려줘", model="local"), within_s=60)
            assert complaints(events) == []
            address = events[-1].data["result"]["answer"].rpartition("](")[2].removesuffix(")")
            shown = await user.ask("GET", address)
            assert (shown.status, shown.headers["content-type"]) == (200, "image/svg+xml")
            assert 'aria-label="글래시"' in shown.body.decode()
            entries = (await user.ask("GET", "/api/v1/character/catalog")).json()
            assert {entry["name"]: entry["image_url"] for entry in entries}["글래시"] == address


async def test_a_hosted_model_draws_a_picture_that_is_served_and_paid_once() -> None:
    with running(processes=1) as platform:
        async with User.signed_in(platform.url, "화가") as user:
            chat = await Conversation.begun(user)
            wish = "글래시가 유리병을 헹구는 모습 그려줘"
            job_id = await chat.say(wish, model="simulated")
            events = await chat.follow(job_id, within_s=60)
            assert complaints(events) == []
            answer = events[-1].data["result"]["answer"]
            assert MADE in answer
            name, _, address = answer.rpartition("![")[2].removesuffix(")").partition("](")
            assert name == "글래시"
            shown = await user.ask("GET", address)
            assert (shown.status, shown.headers["content-type"]) == (200, "image/jpeg")
            assert [one["content"] for one in await chat.messages()] == [wish, answer]
        calls = await platform.calls()
        assert calls["markers"] == {f"{job_id}:intent": 1, f"{job_id}:drawing": 1}
        assert calls["tasks"]["drawing-by-reference"] == 1
