"""Answers worded by a hosted model, through the real clients: what is told of it, what is kept, what is never said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
import pytest

from functions.chat.cancel.func import cancel
from functions.chat.wording import BROKEN_OFF
from functions.providers.simulated.outputs import TEXT
from tests.functions.chat.conftest import Talking
from tests.functions.chat.talk import BASE, Talk
from tests.functions.providers.conftest import Provider, until

pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
MODELS = ["gpt-5.2", "gemini-3-flash-preview", "qwen-vl", "simulated"]
QUESTION = "페트병 라벨은 어떻게 버려요?"


@pytest.fixture
async def hosted(talking: Talking, provider: Provider) -> AsyncIterator[Talk]:
    """A user whose models are hosted by the simulated provider, and `local` where that fails."""
    env = provider.env | {"ECO2_MODEL_FALLBACK": "local", "ECO2_MODELS": ",".join([*MODELS, "local"])}
    async with talking(**env) as talk:
        yield talk


@pytest.mark.parametrize("model", MODELS)
async def test_a_hosted_model_words_the_answer(hosted: Talk, provider: Provider, model: str) -> None:
    job = await hosted.say(await hosted.begin(), QUESTION, model=model)
    assert (await hosted.deliver()).status_code == 200
    events = await hosted.events(job)
    assert events[-1]["result"]["answer"] == TEXT
    models = {"asked": model, "intent": model, "vision": "", "answer": model}
    assert events[-1]["result"]["metadata"]["models"] == models
    assert "".join(one["content"] for one in events if one["stage"] == "token") == TEXT
    assert provider.app.ledger.markers == {f"{job}:intent": 1, f"{job}:answer": 1}
    assert (await hosted.deliver()).status_code == 200
    assert not provider.app.ledger.report(markers=False)["repeated"]


async def test_what_is_dangerous_is_worded_by_nobody_else(hosted: Talk, provider: Provider) -> None:
    result = await hosted.ask("다 쓴 부탄가스 어떻게 버려요?", model="simulated")
    assert "노즐" in result["answer"]
    assert [marker.rpartition(":")[2] for marker in provider.app.ledger.markers] == ["intent"]
    assert result["metadata"]["models"]["answer"] == ""


@pytest.mark.parametrize("model", MODELS)
async def test_a_provider_that_is_down_is_replaced_and_that_is_told(
    hosted: Talk, provider: Provider, model: str
) -> None:
    provider.app.course.extend(["error"] * 4)
    chat = await hosted.begin()
    result = await hosted.ask(QUESTION, chat, model=model)
    assert "비닐류" in result["answer"]
    models = {"asked": model, "intent": "local", "vision": "", "answer": "local"}
    assert result["metadata"]["models"] == models
    assert (await hosted.messages(chat))["messages"][-1]["metadata"]["models"] == models


async def test_a_model_that_fails_at_the_answer_is_followed_by_the_next_one_of_the_chain(
    talking: Talking, provider: Provider
) -> None:
    chain = {
        "ECO2_MODEL_FALLBACK": "gemini-3-flash-preview,local",
        "ECO2_MODELS": ",".join([*MODELS, "local"]),
    }
    async with talking(**(provider.env | chain)) as talk:
        provider.app.course.extend(["ok", "error", "error"])
        result = await talk.ask(QUESTION, model="gpt-5.2")
    assert result["answer"] == TEXT
    models = result["metadata"]["models"]
    assert (models["intent"], models["answer"]) == ("gpt-5.2", "gemini-3-flash-preview")


@pytest.mark.parametrize("model", MODELS)
async def test_an_answer_that_breaks_off_ends_with_an_honest_note(
    hosted: Talk, provider: Provider, model: str, postgres_url: str
) -> None:
    provider.app.course.extend(["ok", "broken"])
    chat = await hosted.begin()
    result = await hosted.ask(QUESTION, chat, model=model)
    assert result["answer"].endswith(BROKEN_OFF)
    assert TEXT.startswith(result["answer"].removesuffix(BROKEN_OFF))
    assert (await hosted.messages(chat))["messages"][-1]["content"] == result["answer"]
    await hosted.deliver()
    assert not provider.app.ledger.report(markers=False)["repeated"]
    async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
        cursor = await connection.execute("SELECT attempt FROM chat.turns")
        assert await cursor.fetchone() == (1,)


@pytest.mark.parametrize("model", MODELS)
async def test_a_cancel_closes_the_providers_stream(hosted: Talk, provider: Provider, model: str) -> None:
    provider.app.behaviour = replace(provider.app.behaviour, token_s=0.3)
    job = await hosted.say(await hosted.begin(), QUESTION, model=model)
    running = asyncio.create_task(hosted.deliver())
    await until(lambda: provider.app.ledger.markers[f"{job}:answer"] == 1)
    path = f"{BASE}/{job}/run"
    assert (await hosted.functions.call(cancel, "DELETE", path, user=hosted.user)).status_code == 204
    assert (await running).status_code == 204
    await until(lambda: provider.app.ledger.in_flight == 0)
    assert provider.app.ledger.outcomes["client_left"] == 1
    assert (await hosted.events(job))[-1]["status"] == "cancelled"


async def test_a_refusal_is_answered_by_what_we_know(hosted: Talk, provider: Provider) -> None:
    provider.app.course.extend(["refused", "refused"])
    result = await hosted.ask(QUESTION, model="gemini-3-flash-preview")
    assert result["metadata"]["models"]["answer"] == ""
    assert "비닐류" in result["answer"]
