"""A character's drawing is shown where the chat and the catalogue say, through the edge and its way around a miss."""

from __future__ import annotations

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
