"""The registry of models: which provider a name belongs to, and which may be asked."""

from __future__ import annotations

from typing import Final

from functions.providers.errors import UnknownModel
from functions.providers.settings import ProviderSettings

# Model families by the beginning of their names.
_FAMILIES: Final = (("gpt-", "openai"), ("chatgpt-", "openai"), ("o3", "openai"), ("o4", "openai"))
_GEMINI: Final = (("gemini-", "gemini"),)


def models_of(settings: ProviderSettings) -> tuple[str, ...]:
    """All models that may be asked: the configured list, the default model and the compatible server's model."""
    also = (settings.model, settings.compatible_model)
    return tuple(dict.fromkeys([*settings.models, *(name for name in also if name)]))


def provider_of(model: str, settings: ProviderSettings) -> str:
    """The provider of a model: openai, gemini, compatible, simulated or local. Raises UnknownModel."""
    if model in {"local", "simulated"}:
        return model
    if model and model == settings.compatible_model:
        return "compatible"
    for beginning, provider in _FAMILIES + _GEMINI:
        if model.startswith(beginning):
            return provider
    raise UnknownModel(model, models_of(settings))


def drawing_model(model: str, settings: ProviderSettings) -> str | None:
    """The model that draws for who talks with `model`; None where nobody can, as for `local`. Raises UnknownModel."""
    provider = provider_of(model, settings)
    if provider in {"local", "simulated"}:
        return "simulated" if provider == "simulated" else None
    able = {name: provider_of(name, settings) for name in settings.image_models}
    able = {name: its for name, its in able.items() if its != "local" and settings.endpoint(its).configured}
    return next((name for name, its in able.items() if its == provider), next(iter(able), None))


def chain_of(model: str, settings: ProviderSettings) -> tuple[str, ...]:
    """The models to ask in order: the wanted one, then the configured fallbacks. Raises UnknownModel."""
    wanted = model or settings.model
    if wanted not in models_of(settings):
        raise UnknownModel(wanted, models_of(settings))
    return tuple(dict.fromkeys([wanted, *settings.model_fallback]))
