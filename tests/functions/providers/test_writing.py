"""Answers piece by piece, by the real clients from the simulated provider: streams, faults, what is never repeated."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from functions.providers.errors import ChainExhausted, ModelRefused, ModelUnavailable
from functions.providers.models import Asked, Models
from functions.providers.request import Citation, TextRequest
from functions.providers.settings import ProviderSettings
from functions.providers.simulated.outputs import TEXT
from process.settings import read as settings
from tests.functions.providers.conftest import MakeModels, Provider, until

pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
EVERY = ["simulated", "gpt-5.2", "qwen-vl", "gemini-3-flash-preview"]


def asking(**changes: Any) -> TextRequest:
    standard: dict[str, Any] = {
        "task": "chat",
        "instructions": "다정하게",
        "text": "페트병은?",
        "marker": "j:answer",
    }
    return TextRequest(**(standard | changes))


async def read(models: Models, model: str, request: TextRequest, *, budget_s: float = 10) -> list[str]:
    async with aclosing(models.write(model, request, budget_s=budget_s)) as pieces:
        return [piece async for piece in pieces if isinstance(piece, str)]


@pytest.mark.parametrize("model", EVERY)
async def test_text_comes_in_pieces_and_is_charged(
    provider: Provider, make_models: MakeModels, model: str
) -> None:
    asked: list[Asked] = []
    pieces = await read(make_models(observe=asked.append), model, asking())
    assert "".join(pieces) == TEXT
    assert len(pieces) > 5
    assert (asked[0].outcome, asked[0].model) == ("ok", model)
    assert asked[0].usage.input_tokens > 0 < asked[0].usage.output_tokens
    assert provider.app.ledger.markers == {"j:answer": 1}


@pytest.mark.parametrize("model", EVERY)
async def test_a_provider_that_dies_before_the_first_piece_is_asked_again(
    provider: Provider, make_models: MakeModels, model: str
) -> None:
    provider.app.course.extend(["cut"])
    assert "".join(await read(make_models(), model, asking())) == TEXT


@pytest.mark.parametrize("model", EVERY)
async def test_a_provider_that_dies_after_the_first_piece_is_not_asked_again(
    provider: Provider, make_models: MakeModels, model: str
) -> None:
    provider.app.course.extend(["broken"])
    asked: list[Asked] = []
    models = make_models(observe=asked.append, ECO2_MODEL_FALLBACK="local")
    pieces = models.write(model, asking(offline=lambda: "우리 답"), budget_s=10)
    got = ""

    async def read_on() -> None:
        nonlocal got
        async for piece in pieces:
            got += piece if isinstance(piece, str) else ""

    with pytest.raises(ModelUnavailable, match="connection"):
        await read_on()
    assert got
    assert TEXT.startswith(got)
    assert sum(provider.app.ledger.markers.values()) == 1
    assert asked[0].outcome == "connection"
    assert asked[0].usage.output_tokens > 0


@pytest.mark.parametrize("model", EVERY)
async def test_before_the_first_piece_a_fallback_answers(
    provider: Provider, make_models: MakeModels, model: str
) -> None:
    provider.app.course.extend(["error"] * 2)
    models = make_models(ECO2_MODEL_FALLBACK="local")
    assert await read(models, model, asking(offline=lambda: "우리 답")) == ["우리 답"]


@pytest.mark.parametrize("model", EVERY)
async def test_who_stops_reading_ends_the_providers_work(
    provider: Provider, make_models: MakeModels, model: str
) -> None:
    provider.app.behaviour = replace(provider.app.behaviour, token_s=0.05)
    models = make_models()
    first = asyncio.Event()

    async def consume() -> None:
        async with aclosing(models.write(model, asking(), budget_s=10)) as pieces:
            async for _ in pieces:
                first.set()

    task = asyncio.create_task(consume())
    await first.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: provider.app.ledger.in_flight == 0)
    assert provider.app.ledger.outcomes == {"client_left": 1}


@pytest.mark.parametrize("model", ["simulated", "qwen-vl", "gemini-3-flash-preview"])
async def test_silence_is_a_failure(
    provider: Provider, make_models: MakeModels, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.providers.link.SILENCE_S", 0.05)
    provider.app.course.extend(["hang"])
    with pytest.raises(ModelUnavailable, match="timeout"):
        await read(make_models(), model, asking())


async def test_a_refusal_is_no_failure_of_the_provider(provider: Provider, make_models: MakeModels) -> None:
    provider.app.course.extend(["refused"])
    with pytest.raises(ModelRefused):
        await read(make_models(ECO2_MODEL_FALLBACK="local"), "gemini-3-flash-preview", asking())


async def test_who_has_no_key_is_not_asked(make_models: MakeModels) -> None:
    models = make_models(
        ECO2_OPENAI_API_KEY="", ECO2_GEMINI_API_KEY="", ECO2_MODEL_FALLBACK="gemini-3-flash-preview"
    )
    with pytest.raises(ChainExhausted, match="not_configured"):
        await read(models, "gpt-5.2", asking())
    with pytest.raises(ModelUnavailable, match="not_configured"):
        await read(make_models(), "qwen-vl", asking(searches=True))
    with pytest.raises(ModelUnavailable, match="no offline answer"):
        await read(make_models(), "local", asking())


async def test_a_provider_that_failed_too_often_is_left_alone(
    provider: Provider, make_models: MakeModels
) -> None:
    models = make_models(ECO2_BREAKER_FAILURES="1", ECO2_BREAKER_OPEN_S="60")
    provider.app.course.extend(["error"] * 2)
    for reason in ("server_error|circuit_open", "circuit_open"):
        with pytest.raises(ModelUnavailable, match=reason):
            await read(models, "simulated", asking())


@pytest.mark.parametrize("model", ["simulated", "gemini-3-flash-preview"])
async def test_a_model_that_searches_names_what_it_read(make_models: MakeModels, model: str) -> None:
    request = asking(searches=True)
    found = [piece async for piece in make_models().write(model, request, budget_s=10)]
    assert [piece for piece in found if isinstance(piece, Citation)] == [
        Citation("https://www.me.go.kr/simulated", "시험용 쪽")
    ]


async def test_over_the_users_budget_nobody_is_asked_and_the_own_text_is_given(provider: Provider) -> None:
    async def allow(user_id: str) -> bool:
        return user_id != "u1"

    models = Models(settings(ProviderSettings, provider.env | {"ECO2_MODEL_FALLBACK": "local"}), allow=allow)
    own = asking(offline=lambda: "우리 답", user_id="u1")
    assert await read(models, "simulated", own) == ["우리 답"]
    assert provider.app.ledger.markers == {}
    assert "".join(await read(models, "simulated", replace(own, user_id="u2"))) == TEXT
    await models.close()
