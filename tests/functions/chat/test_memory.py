"""What a model is told of a conversation: the newest messages, and a summary that survives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from functions.chat.graph.memory import KEPT, divided
from functions.providers.simulated.outputs import TEXT
from tests.functions.chat.conftest import Talking
from tests.functions.chat.talk import Talk
from tests.functions.providers.conftest import Provider

pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
BEGAN = datetime(2026, 11, 27, tzinfo=UTC)


def said(count: int, length: int = 30) -> list[tuple[str, str, datetime]]:
    return [("user", "가" * length, BEGAN + timedelta(minutes=number)) for number in range(count)]


def test_what_fits_the_budget_is_told_whole() -> None:
    recalled = divided("요약", said(30), 4_000)
    assert (len(recalled.history), recalled.older, recalled.until) == (30, [], None)
    assert divided("", said(KEPT, 9_000), 200).older == []


def test_what_does_not_fit_is_summed_up_but_the_newest() -> None:
    recalled = divided("", said(14, 9_000), 4_000)
    assert (len(recalled.history), len(recalled.older)) == (KEPT, 4)
    assert recalled.until == BEGAN + timedelta(minutes=3)
    assert max(len(message["content"]) for message in recalled.history) == 1_500


async def summary(talk: Talk) -> tuple[str | None, datetime | None]:
    database = await talk.functions.resources.database()
    row = await database.one("SELECT summary, summary_until FROM chat.conversations")
    assert row
    return row[0], row[1]


async def test_a_long_conversation_is_summed_up_once(talking: Talking, provider: Provider) -> None:
    env = provider.env | {"ECO2_CHAT_HISTORY_TOKENS": "200", "ECO2_MODELS": "simulated,local"}
    async with talking(**env) as talk:
        chat = await talk.begin()
        for _ in range(6):
            await talk.ask("안녕", chat)
        assert await summary(talk) == (None, None)
        job = await talk.say(chat, "우유팩은?", model="simulated")
        await talk.deliver()
        stages = [one["stage"] for one in await talk.events(job)]
        assert stages.index("summarize") < stages.index("answer")
        text, until = await summary(talk)
        assert text == TEXT
        assert until is not None
        assert provider.app.ledger.markers[f"{job}:summary"] == 1
        await talk.ask("고마워", chat)
        await talk.ask("페트병은?", chat, model="simulated")
        assert (await summary(talk))[0] == TEXT


async def test_without_a_summary_the_newest_are_told(talking: Talking, provider: Provider) -> None:
    env = provider.env | {"ECO2_CHAT_HISTORY_TOKENS": "200", "ECO2_MODELS": "simulated,local"}
    async with talking(**env) as talk:
        chat = await talk.begin()
        for _ in range(6):
            await talk.ask("안녕", chat)
        provider.app.course.extend(["ok", "error", "error"])  # intent, summary
        assert (await talk.ask("우유팩은?", chat, model="simulated"))["answer"] == TEXT
        assert await summary(talk) == (None, None)
