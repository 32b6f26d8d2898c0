"""The chain: every provider's real client against the simulated server, fallbacks, budgets, repair."""

from __future__ import annotations

import asyncio
import logging

import pytest

from functions.providers.errors import (
    ChainExhausted,
    ModelOutputInvalid,
    ModelRefused,
    ModelUnavailable,
    UnknownModel,
)
from functions.providers.models import Asked, Models
from functions.providers.registry import provider_of
from functions.providers.settings import ProviderSettings
from tests.functions.providers.conftest import (
    GEMINI_KEY,
    OPENAI_KEY,
    Category,
    MakeModels,
    Provider,
    question,
    until,
)

# google-genai's own source; seen only where its byte code is not compiled yet.
pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")

REMOTE = ["simulated", "gpt-5.2", "gemini-3-flash-preview", "qwen-vl"]


@pytest.mark.parametrize("model", REMOTE)
class TestEveryRemoteModel:
    async def test_answers_a_picture_with_what_the_schema_asks(
        self, model: str, make_models: MakeModels, provider: Provider
    ) -> None:
        completion = await make_models().complete(model, question(marker="job-1:vision"), budget_s=10)
        assert completion.output.major_category == "재활용폐기물"
        assert completion.output.middle_category == "무색페트병"
        assert completion.model == model
        assert completion.input_tokens > 0
        assert completion.output_tokens > 0
        assert provider.app.ledger.tasks == {"vision": 1}
        assert provider.app.ledger.models == {model: 1}
        assert provider.app.ledger.markers == {"job-1:vision": 1}

    async def test_answers_text_without_a_picture(
        self, model: str, make_models: MakeModels, provider: Provider
    ) -> None:
        await make_models().complete(model, question(task="answer", image=None), budget_s=10)
        assert provider.app.ledger.tasks == {"answer": 1}

    async def test_repairs_an_invalid_output_once(
        self, model: str, make_models: MakeModels, provider: Provider
    ) -> None:
        provider.app.course.extend(["malformed"])
        completion = await make_models().complete(model, question(), budget_s=10)
        assert completion.output.confidence == 0.93
        assert provider.app.ledger.tasks == {"vision": 2}

    async def test_gives_up_on_an_output_that_stays_invalid(
        self, model: str, make_models: MakeModels, provider: Provider
    ) -> None:
        provider.app.course.extend(["malformed", "malformed", "malformed"])
        with pytest.raises(ModelOutputInvalid) as raised:
            await make_models().complete(model, question(), budget_s=10)
        assert "major_category: Field required" in raised.value.findings
        assert provider.app.ledger.tasks == {"vision": 2}

    async def test_passes_a_refusal_on_and_asks_nobody_else(
        self, model: str, make_models: MakeModels, provider: Provider
    ) -> None:
        provider.app.course.extend(["refused"])
        with pytest.raises(ModelRefused):
            await make_models(ECO2_MODEL_FALLBACK="simulated,local").complete(model, question(), budget_s=10)
        assert provider.app.ledger.outcomes == {"refused": 1}

    @pytest.mark.parametrize("fault", ["error", "rate_limited", "cut"])
    async def test_retries_a_passing_failure_once(
        self, model: str, fault: str, make_models: MakeModels, provider: Provider
    ) -> None:
        provider.app.course.extend([fault])
        await make_models().complete(model, question(), budget_s=10)
        assert provider.app.ledger.outcomes == {fault: 1, "ok": 1}

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [("error", "server_error"), ("rate_limited", "rate_limited"), ("cut", "connection")],
    )
    async def test_retries_no_more_than_once(
        self, model: str, fault: str, reason: str, make_models: MakeModels, provider: Provider
    ) -> None:
        provider.app.course.extend([fault] * 3)
        with pytest.raises(ModelUnavailable) as raised:
            await make_models().complete(model, question(), budget_s=10)
        assert raised.value.reason == reason
        assert raised.value.retryable
        assert provider.app.ledger.outcomes == {fault: 2}

    async def test_ends_when_the_budget_is_over(
        self, model: str, make_models: MakeModels, provider: Provider
    ) -> None:
        models = make_models()
        await models.complete(model, question(), budget_s=30)  # the client's import is not part of the test
        provider.app.course.extend(["hang"])
        with pytest.raises(ModelUnavailable) as raised:
            await models.complete(model, question(), budget_s=0.3)
        assert raised.value.reason == "timeout"

    async def test_cancelling_the_caller_ends_the_call_at_the_provider(
        self, model: str, make_models: MakeModels, provider: Provider
    ) -> None:
        provider.app.course.extend(["hang"])
        call = asyncio.create_task(make_models().complete(model, question(), budget_s=60))
        await until(lambda: provider.app.ledger.in_flight == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until(lambda: provider.app.ledger.in_flight == 0)
        assert provider.app.ledger.outcomes == {"client_left": 1}

    async def test_no_secret_or_prompt_in_an_error_or_a_log(
        self, model: str, make_models: MakeModels, provider: Provider, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        provider.app.course.extend(["error", "error", "malformed", "malformed"])
        models = make_models()
        for _ in range(2):
            with pytest.raises((ModelUnavailable, ModelOutputInvalid)) as raised:
                await models.complete(model, question(text="나의 비밀 이야기"), budget_s=10)
            assert raised.value.__context__ is None
            for told in (str(raised.value), repr(raised.value), caplog.text, repr(models.settings)):
                assert OPENAI_KEY not in told
                assert GEMINI_KEY not in told
                assert "비밀" not in told


async def offline_answer() -> Category:
    return Category(
        major_category="재활용폐기물",
        middle_category="종이",
        minor_category=None,
        situation_tags=[],
        confidence=0.5,
    )


class TestFallback:
    async def test_the_next_model_answers_when_the_first_fails(
        self, make_models: MakeModels, provider: Provider
    ) -> None:
        provider.app.course.extend(["error", "error"])
        models = make_models(ECO2_MODEL_FALLBACK="gemini-3-flash-preview,local")
        completion = await models.complete("gpt-5.2", question(), budget_s=10)
        assert (completion.provider, completion.model) == ("gemini", "gemini-3-flash-preview")

    async def test_the_offline_answer_is_the_last_link(
        self, make_models: MakeModels, provider: Provider
    ) -> None:
        provider.app.course.extend(["error"] * 4)
        models = make_models(ECO2_MODEL_FALLBACK="gemini-3-flash-preview,local")
        completion = await models.complete("gpt-5.2", question(offline=offline_answer), budget_s=10)
        assert (completion.provider, completion.model) == ("local", "local")
        assert completion.output.middle_category == "종이"
        assert completion.cost_usd == 0

    async def test_a_model_without_a_key_is_passed_over_at_no_cost(
        self, make_models: MakeModels, provider: Provider
    ) -> None:
        models = make_models(ECO2_OPENAI_API_KEY="", ECO2_MODEL_FALLBACK="local")
        completion = await models.complete("gpt-5.2", question(offline=offline_answer), budget_s=10)
        assert completion.model == "local"
        assert not provider.app.ledger.outcomes
        assert models.breaker("openai").state == "closed"

    async def test_a_silent_provider_leaves_time_for_the_next(
        self, make_models: MakeModels, provider: Provider
    ) -> None:
        models = make_models(ECO2_MODEL_FALLBACK="simulated,local", ECO2_MODEL_TIMEOUT_S="0.3")
        await models.complete("simulated", question(), budget_s=30)
        provider.app.course.extend(["hang"])
        completion = await models.complete("qwen-vl", question(), budget_s=30)
        assert completion.model == "simulated"

    async def test_all_failures_are_told_at_once(self, make_models: MakeModels, provider: Provider) -> None:
        provider.app.course.extend(["error"] * 4)
        models = make_models(ECO2_MODEL_FALLBACK="gemini-3-flash-preview,local")
        with pytest.raises(ChainExhausted) as raised:
            await models.complete("gpt-5.2", question(), budget_s=10)
        assert list(raised.value.failures) == ["gpt-5.2", "gemini-3-flash-preview", "local"]
        assert raised.value.retryable
        assert "server_error" in str(raised.value)

    async def test_an_invalid_output_falls_back_too(
        self, make_models: MakeModels, provider: Provider
    ) -> None:
        provider.app.course.extend(["malformed", "malformed"])
        models = make_models(ECO2_MODEL_FALLBACK="local")
        completion = await models.complete("gpt-5.2", question(offline=offline_answer), budget_s=10)
        assert completion.model == "local"

    async def test_a_limit_that_lasts_longer_than_the_budget_is_not_waited_for(
        self, make_models: MakeModels, provider: Provider
    ) -> None:
        provider.app.course.behaviour = provider.app.course.behaviour.__class__(rate_limit_rpm=1)
        models = make_models()
        await models.complete("simulated", question(), budget_s=10)
        with pytest.raises(ModelUnavailable) as raised:
            await models.complete("simulated", question(), budget_s=10)
        assert raised.value.reason == "rate_limited"
        assert raised.value.retry_after_s is not None
        with pytest.raises(ModelUnavailable):
            await models.complete("simulated", question(), budget_s=10)
        assert provider.app.ledger.outcomes == {"ok": 1, "rate_limited": 1}  # the third was not even sent


class TestBreaker:
    async def test_a_failing_provider_is_left_alone_and_then_probed(
        self, make_models: MakeModels, provider: Provider
    ) -> None:
        models = make_models(ECO2_BREAKER_FAILURES="4", ECO2_BREAKER_OPEN_S="0.3")
        provider.app.course.extend(["error"] * 4)
        for _ in range(2):
            with pytest.raises(ModelUnavailable):
                await models.complete("simulated", question(), budget_s=10)
        with pytest.raises(ModelUnavailable) as raised:
            await models.complete("simulated", question(), budget_s=10)
        assert raised.value.reason == "circuit_open"
        assert provider.app.ledger.outcomes == {"error": 4}
        await until(lambda: models.breaker("simulated").state == "half_open")
        await models.complete("simulated", question(), budget_s=10)
        assert models.breaker("simulated").state == "closed"


class TestCosts:
    async def test_the_price_table_gives_the_cost_including_a_repair(
        self, make_models: MakeModels, provider: Provider
    ) -> None:
        provider.app.course.extend(["malformed"])
        completion = await make_models().complete("gpt-5.2", question(), budget_s=10)
        expected = (completion.input_tokens * 1.75 + completion.output_tokens * 14) / 1_000_000
        assert completion.cost_usd == pytest.approx(expected)

    async def test_every_model_asked_is_observed(self, make_models: MakeModels, provider: Provider) -> None:
        seen: list[Asked] = []
        provider.app.course.extend(["error", "error"])
        models = make_models(observe=seen.append, ECO2_MODEL_FALLBACK="local")
        await models.complete("gpt-5.2", question(offline=offline_answer), budget_s=10)
        assert [(each.model, each.outcome) for each in seen] == [("gpt-5.2", "server_error"), ("local", "ok")]


class TestOffline:
    async def test_no_offline_answer_is_an_error(self) -> None:
        models = Models(ProviderSettings(model="local"))
        with pytest.raises(ModelUnavailable) as raised:
            await models.complete("", question(), budget_s=1)
        assert raised.value.reason == "not_configured"
        assert not raised.value.retryable

    async def test_a_slow_offline_answer_is_ended(self) -> None:
        async def slow() -> Category:
            await asyncio.sleep(60)
            return await offline_answer()

        with pytest.raises(ModelUnavailable) as raised:
            await Models(ProviderSettings()).complete("local", question(offline=slow), budget_s=0.1)
        assert raised.value.reason == "timeout"

    async def test_a_broken_offline_answer_keeps_its_traceback(self) -> None:
        async def broken() -> Category:
            raise LookupError("no rule")

        with pytest.raises(ModelUnavailable) as raised:
            await Models(ProviderSettings()).complete("local", question(offline=broken), budget_s=1)
        assert isinstance(raised.value.__cause__, LookupError)


class TestNames:
    async def test_an_unknown_model_is_told_with_the_known_ones(self) -> None:
        with pytest.raises(UnknownModel) as raised:
            await Models(ProviderSettings()).complete("claude-9", question(), budget_s=1)
        assert raised.value.supported == ["gpt-5.2", "gemini-3-flash-preview", "local"]

    def test_a_configured_model_without_a_provider_is_found_at_the_start(self) -> None:
        with pytest.raises(UnknownModel):
            Models(ProviderSettings(model_fallback=("nobody-1",)))

    @pytest.mark.parametrize(
        ("model", "provider"),
        [("gpt-5.2", "openai"), ("gemini-3-flash-preview", "gemini"), ("local", "local")],
    )
    def test_a_name_leads_to_its_provider(self, model: str, provider: str) -> None:
        assert provider_of(model, Models(ProviderSettings()).settings) == provider


async def test_warming_opens_the_client_in_the_background(
    make_models: MakeModels, provider: Provider
) -> None:
    models = make_models()
    models.warm("simulated")
    models.warm("gemini-3-flash-preview")
    models.warm("local")
    await models.complete("simulated", question(), budget_s=30)


async def test_hundreds_of_calls_at_once_are_each_answered_and_paid_once(
    make_models: MakeModels, provider: Provider
) -> None:
    models = make_models(ECO2_MODEL="simulated")
    asked = [question(marker=f"job-{number}") for number in range(300)]
    answered = await asyncio.gather(*(models.complete("", each, budget_s=60) for each in asked))
    assert len(answered) == 300
    assert provider.app.ledger.report(markers=False)["repeated"] == {}
    assert provider.app.ledger.tasks == {"vision": 300}


class TestBudget:
    @pytest.mark.parametrize(
        ("chain", "left_s", "share_s"),
        [
            (("gpt-5.2", "local"), 38, 30),  # the configured timeout
            (("gpt-5.2", "local"), 22, 20),  # the offline answer keeps two seconds
            (("gpt-5.2", "local"), 5, 4),  # but no more than a fifth
            (("gpt-5.2", "gemini-3-flash-preview", "local"), 22, 10),
            (("gemini-3-flash-preview", "local"), 22, 20),  # what the first one left
            (("gpt-5.2",), 10, 10),
            (("local",), 7, 7),
            (("gpt-5.2", "local"), -1, 0.05),
        ],
    )
    def test_each_model_gets_its_share(self, chain: tuple[str, ...], left_s: float, share_s: float) -> None:
        assert Models(ProviderSettings())._share_s(chain, left_s) == pytest.approx(share_s)


async def test_a_marker_cannot_break_out_of_its_header(make_models: MakeModels, provider: Provider) -> None:
    marker = "job-1:vision\r\nx-evil: 1 사진"
    await make_models().complete("simulated", question(marker=marker), budget_s=10)
    assert provider.app.ledger.markers == {"job-1:visionx-evil:1": 1}


async def test_a_client_that_cannot_be_made_is_only_logged_while_warming(
    make_models: MakeModels, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(endpoint: object) -> None:
        raise ImportError("no such library")

    monkeypatch.setattr("functions.providers.openai._client", broken)
    make_models().warm("simulated")
    await until(lambda: "warm simulated failed: ImportError" in caplog.text)
