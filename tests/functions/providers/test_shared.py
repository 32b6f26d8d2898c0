"""The models as functions get them: opened once, counted and charged, failures as a function's."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from functions.providers.errors import ModelRefused
from functions.providers.shared import SharedModels, ask
from functions.runtime import telemetry
from functions.runtime.errors import Reject, Retry
from functions.runtime.resources import Resources
from tests.functions.providers.conftest import Provider, question, until

pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")


@pytest.fixture
async def models(provider: Provider) -> AsyncIterator[SharedModels]:
    resources = Resources(provider.env)
    yield await resources.get(SharedModels)
    await resources.close()


async def test_the_client_is_made_before_the_first_question(models: SharedModels) -> None:
    await until(lambda: not models._warming)
    provider = models._links["simulated"].provider
    assert provider._client is not None  # type: ignore[attr-defined]


async def test_a_call_is_counted_and_charged_to_the_work_at_hand(models: SharedModels) -> None:
    telemetry.charging()
    before = telemetry.metrics().exposition()
    completion = await ask(models, "gpt-5.2", question(), budget_s=10)
    assert telemetry.spent_usd() == pytest.approx(completion.cost_usd)
    counted = b'outcome="ok",provider="openai"'
    assert counted in telemetry.metrics().exposition()
    assert telemetry.metrics().exposition() != before


async def test_a_failure_that_may_pass_is_tried_again_by_the_broker(
    models: SharedModels, provider: Provider
) -> None:
    provider.app.course.extend(["error", "error"])
    with pytest.raises(Retry) as raised:
        await ask(models, "simulated", question(), budget_s=10)
    assert raised.value.code == "MODEL_UNAVAILABLE"


async def test_a_failure_that_lasts_is_not(models: SharedModels) -> None:
    with pytest.raises(Reject) as raised:
        await ask(models, "claude-9", question(), budget_s=10)
    assert raised.value.code == "MODEL_FAILED"


async def test_a_refusal_is_the_domains_to_answer(models: SharedModels, provider: Provider) -> None:
    provider.app.course.extend(["refused"])
    with pytest.raises(ModelRefused):
        await ask(models, "simulated", question(), budget_s=10)
