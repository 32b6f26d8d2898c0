"""Settings, the registry of models and the price table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.providers.errors import UnknownModel
from functions.providers.prices import PriceTable
from functions.providers.registry import chain_of, models_of
from functions.providers.request import Usage
from functions.providers.settings import ProviderSettings
from process.settings import SettingsError, read


def test_without_settings_the_local_model_answers() -> None:
    settings = read(ProviderSettings, {})
    assert settings.model == "local"
    assert chain_of("", settings) == ("local",)
    assert not settings.endpoint("openai").configured


def test_all_findings_come_at_once() -> None:
    env = {"ECO2_OPENAI_BASE_URL": "ftp://x", "ECO2_GEMINI_TPM": "many", "ECO2_MODEL_TIMEOUT_S": "inf"}
    with pytest.raises(SettingsError) as raised:
        read(ProviderSettings, env)
    assert {finding.partition(":")[0] for finding in raised.value.findings} == set(env)


@pytest.mark.parametrize("provider", ["openai", "gemini", "compatible"])
def test_a_key_makes_a_provider_usable_and_is_not_shown(provider: str) -> None:
    name = f"ECO2_{provider.upper()}"
    settings = read(ProviderSettings, {f"{name}_API_KEY": "sk-secret", f"{name}_BASE_URL": "http://h/v1/"})
    endpoint = settings.endpoint(provider)
    assert (endpoint.configured, endpoint.api_key, endpoint.base_url) == (True, "sk-secret", "http://h/v1")
    assert "sk-secret" not in f"{settings!r} {endpoint!r}"


def test_the_models_are_the_configured_ones() -> None:
    assert models_of(ProviderSettings()) == ("gpt-5.2", "gemini-3-flash-preview", "local")
    assert models_of(ProviderSettings(models=("local",), model="simulated")) == ("local", "simulated")
    assert models_of(ProviderSettings(models=("local",), compatible_model="qwen")) == ("local", "qwen")


def test_a_chain_names_no_model_twice() -> None:
    settings = read(ProviderSettings, {"ECO2_MODEL_FALLBACK": "gemini-3-flash-preview, gpt-5.2,local"})
    assert chain_of("gpt-5.2", settings) == ("gpt-5.2", "gemini-3-flash-preview", "local")
    assert chain_of("local", settings)[0] == "local"


def test_no_fallback_is_a_choice() -> None:
    assert chain_of("gpt-5.2", read(ProviderSettings, {"ECO2_MODEL_FALLBACK": ""})) == ("gpt-5.2",)


def test_a_model_that_is_not_offered_is_unknown() -> None:
    with pytest.raises(UnknownModel, match="supported: local"):
        chain_of("gpt-5.2", ProviderSettings(models=("local",)))


def test_the_packaged_prices_are_dated_and_cover_the_offered_models() -> None:
    table = PriceTable.load()
    assert len(table.checked) == len("2026-01-01")
    assert set(models_of(ProviderSettings())) <= set(table.prices)


def test_cached_input_is_cheaper() -> None:
    table = PriceTable.load()
    assert table.cost_usd("gpt-5.2", Usage(1_000_000, 0, 0)) == pytest.approx(1.75)
    assert table.cost_usd("gpt-5.2", Usage(1_000_000, 1_000_000, 1_000_000)) == pytest.approx(14.175)


def test_an_own_price_table_replaces_the_packaged_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "prices.json"
    price = {"input": 1, "cached_input": 1, "output": 1}
    path.write_text(json.dumps({"checked": "2026-11-22", "models": {"mine": price}}))
    table = PriceTable.load(str(path))
    assert table.cost_usd("mine", Usage(1_000_000, 0, 0)) == 1
    assert table.cost_usd("gpt-5.2", Usage(1, 0, 1)) == table.cost_usd("gpt-5.2", Usage(9, 0, 9)) == 0
    assert caplog.text.count("no price for model gpt-5.2") == 1


def test_a_broken_price_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"prices\.json"):
        PriceTable.load(str(path))
