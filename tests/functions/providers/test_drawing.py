"""Pictures by the real clients from the simulated provider: what is sent, what is asked once, who draws for whom."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from functions.images.header import read_header
from functions.providers import gemini
from functions.providers import provider as interface
from functions.providers.errors import ModelRefused, ModelUnavailable
from functions.providers.models import Asked, Models
from functions.providers.registry import drawing_model
from functions.providers.request import DrawingRequest, TextRequest
from functions.providers.settings import ProviderSettings
from functions.providers.simulated.images_wire import SIDE, form, picture
from functions.providers.simulated.outputs import TEXT
from process.settings import read as settings
from tests.functions.providers.conftest import MakeModels, Provider, until

pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
OPENAI, GEMINI = "gpt-image-2.5-flare", "gemini-3.1-flash-image-preview"
EVERY = ["simulated", OPENAI, GEMINI]


def wish(**changes: Any) -> DrawingRequest:
    standard: dict[str, Any] = {"task": "drawing", "text": "웃는 이코", "marker": "j:drawing"}
    return DrawingRequest(**(standard | changes))


@pytest.mark.parametrize("model", EVERY)
async def test_a_picture_comes_and_is_charged(
    provider: Provider, make_models: MakeModels, model: str
) -> None:
    asked: list[Asked] = []
    drawing = await make_models(observe=asked.append).draw(model, wish(), budget_s=30)
    header = read_header(drawing.image)
    assert (header.kind, header.width, header.height) == ("png", SIDE, SIDE)
    assert (asked[0].outcome, asked[0].model, asked[0].task) == ("ok", model, "drawing")
    assert asked[0].usage == drawing.usage
    assert asked[0].usage.output_tokens > 0
    assert asked[0].cost_usd > 0 or model == "simulated"
    assert provider.app.ledger.markers == {"j:drawing": 1}
    assert provider.app.ledger.tasks == {"drawing": 1}


@pytest.mark.parametrize("model", EVERY)
async def test_pictures_of_characters_go_with_the_wish(
    provider: Provider, make_models: MakeModels, model: str
) -> None:
    await make_models().draw(model, wish(references=(picture(), picture())), budget_s=30)
    assert provider.app.ledger.tasks == {"drawing-by-reference": 1}


@pytest.mark.parametrize("model", EVERY)
@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("error", "server_error"), ("rate_limited", "rate_limited"), ("cut", "connection")],
)
async def test_a_picture_that_fails_is_not_asked_for_again(
    provider: Provider, make_models: MakeModels, model: str, outcome: str, reason: str
) -> None:
    provider.app.course.extend([outcome])
    with pytest.raises(ModelUnavailable) as raised:
        await make_models().draw(model, wish(), budget_s=30)
    assert raised.value.reason == reason
    assert provider.app.ledger.markers == {}
    assert sum(provider.app.ledger.outcomes.values()) == 1


@pytest.mark.parametrize("model", EVERY)
async def test_what_a_provider_will_not_draw_is_a_refusal(
    provider: Provider, make_models: MakeModels, model: str
) -> None:
    provider.app.course.extend(["refused"])
    with pytest.raises(ModelRefused):
        await make_models().draw(model, wish(), budget_s=30)


@pytest.mark.parametrize(
    ("model", "texts"), list(zip(EVERY, ["simulated", "gpt-5.2", "gemini-3-flash-preview"], strict=True))
)
async def test_a_slow_picture_is_given_up_and_texts_go_on(
    provider: Provider, make_models: MakeModels, model: str, texts: str
) -> None:
    models = make_models(ECO2_BREAKER_FAILURES="1", ECO2_BREAKER_OPEN_S="60")
    await models.draw(model, wish(), budget_s=30)  # from here on the client is there
    provider.app.course.extend(["hang"])
    with pytest.raises(ModelUnavailable, match="timeout"):
        await models.draw(model, wish(), budget_s=3)
    await until(lambda: provider.app.ledger.in_flight == 0)
    request = TextRequest(task="answer", instructions="", text="페트병은?")
    told = [piece async for piece in models.write(texts, request, budget_s=30)]
    assert "".join(piece for piece in told if isinstance(piece, str)) == TEXT


async def test_a_picture_that_is_too_large_is_not_decoded(
    provider: Provider, make_models: MakeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (interface, gemini):
        monkeypatch.setattr(module, "MOST_DRAWN_BYTES", 20)
    for model in EVERY:
        with pytest.raises(ModelUnavailable, match="too large"):
            await make_models().draw(model, wish(), budget_s=30)


@pytest.mark.parametrize("text", [None, "", "no base64!"])
def test_an_answer_without_a_picture_is_a_failure_of_the_provider(text: str | None) -> None:
    with pytest.raises(ModelUnavailable, match=r"no (picture|base64)"):
        interface.drawn("m", text)
    assert interface.drawn("m", base64.b64encode(b"x").decode()) == b"x"


async def test_without_a_key_nobody_is_asked(make_models: MakeModels) -> None:
    models = make_models(ECO2_OPENAI_API_KEY="", ECO2_GEMINI_API_KEY="")
    for model in (OPENAI, GEMINI):
        with pytest.raises(ModelUnavailable, match="not_configured"):
            await models.draw(model, wish(), budget_s=30)


async def test_who_is_over_the_budget_gets_no_picture(provider: Provider) -> None:
    async def allow(user_id: str) -> bool:
        return False

    models = Models(settings(ProviderSettings, provider.env), allow=allow)
    with pytest.raises(ModelUnavailable, match="budget"):
        await models.draw("simulated", wish(user_id="u1"), budget_s=10)
    assert provider.app.ledger.outcomes == {}
    await models.close()


async def test_who_leaves_ends_the_drawing(provider: Provider, make_models: MakeModels) -> None:
    provider.app.course.extend(["hang"])
    task = asyncio.create_task(make_models().draw("simulated", wish(), budget_s=10))
    await until(lambda: provider.app.ledger.in_flight == 1)
    task.cancel()
    await until(lambda: provider.app.ledger.in_flight == 0)
    assert task.cancelled()


@pytest.mark.parametrize(
    ("model", "env", "draws"),
    [
        ("gpt-5.2", {}, OPENAI),
        ("gemini-3-flash-preview", {}, GEMINI),
        ("gemini-3-flash-preview", {"ECO2_GEMINI_API_KEY": ""}, OPENAI),
        ("qwen-vl", {}, OPENAI),
        ("gpt-5.2", {"ECO2_OPENAI_API_KEY": "", "ECO2_GEMINI_API_KEY": ""}, None),
        ("gpt-5.2", {"ECO2_IMAGE_MODELS": ""}, None),
        ("gpt-5.2", {"ECO2_IMAGE_MODELS": "local"}, None),
        ("simulated", {}, "simulated"),
        ("local", {}, None),
    ],
)
def test_who_draws_is_of_the_provider_that_answers_where_it_can(
    provider: Provider, model: str, env: dict[str, str], draws: str | None
) -> None:
    assert drawing_model(model, settings(ProviderSettings, provider.env | env)) == draws


def test_a_form_with_pictures_is_read_as_it_was_sent() -> None:
    content = bytes(range(256))
    head = 'content-disposition: form-data; name="{}"\r\n\r\n'
    parts = [head.format("prompt").encode() + "이코".encode(), head.format("image[]").encode() + content]
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"
    assert form(body, "multipart/form-data; boundary=x") == {"image": [content], "prompt": "이코"}
