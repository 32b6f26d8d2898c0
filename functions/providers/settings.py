"""Settings of the model providers."""

from __future__ import annotations

from dataclasses import dataclass, field

from process.settings import Names, Secret, Url, setting


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is and how much it takes. An empty address or key: not configured."""

    base_url: str
    api_key: str = field(repr=False)
    concurrency: int
    tokens_per_minute: int

    @property
    def configured(self) -> bool:
        return bool(self.base_url and self.api_key)


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """Which models may be asked, in which order, where and how much."""

    model: str = setting("local", "model of a scan that names none")
    models: Names = setting(("gpt-5.2", "gemini-3-flash-preview", "local"), "models a client may name")
    model_fallback: Names = setting(
        ("local",), "models asked in this order when the first one fails", may_be_empty=True
    )
    image_models: Names = setting(
        ("gpt-image-2.5-flare", "gemini-3.1-flash-image-preview"),
        "models that draw pictures: one of the provider that a message names, else the first that has a key",
        may_be_empty=True,
    )
    model_timeout_s: float = setting(30, "longest time one model of the chain may take, seconds", least=0.001)
    model_queue_s: float = setting(5, "longest wait for a free place at a provider, seconds", least=0.001)
    model_user_calls: int = setting(
        1000, "calls of models other than `local` that one user may cause in a window; 0 = no limit of ours"
    )
    model_user_window_s: int = setting(86_400, "that window, which begins with the first call", least=1)
    model_prices: str = setting("", "price table (JSON) to use instead of the packaged one")
    breaker_failures: int = setting(
        5, "failures among recent calls that can open a provider's circuit", least=1
    )
    breaker_open_s: float = setting(
        15, "seconds an open circuit waits before it lets one call probe", least=0.001
    )
    openai_api_key: Secret = setting(Secret(""), "OpenAI key", read_by="functions.providers.shared")
    openai_base_url: Url = setting("https://api.openai.com/v1", "OpenAI address")
    openai_concurrency: int = setting(400, "most OpenAI calls in flight in a process", least=1)
    openai_tpm: int = setting(0, "OpenAI tokens a minute in a process; 0 = no limit of ours")
    gemini_api_key: Secret = setting(Secret(""), "Gemini key", read_by="functions.providers.shared")
    gemini_base_url: Url = setting("https://generativelanguage.googleapis.com", "Gemini address")
    gemini_concurrency: int = setting(400, "most Gemini calls in flight in a process", least=1)
    gemini_tpm: int = setting(0, "Gemini tokens a minute in a process; 0 = no limit of ours")
    gemini_thinking: str = setting(
        "low", "Gemini thinking level: minimal, low, medium, high or empty", may_be_empty=True
    )
    compatible_api_key: Secret = setting(
        Secret(""), "key of an OpenAI-compatible server", read_by="functions.providers.shared"
    )
    compatible_base_url: Url = setting("", "address of an OpenAI-compatible server, with /v1")
    compatible_model: str = setting("", "model of the OpenAI-compatible server")
    compatible_concurrency: int = setting(
        64, "most calls to the compatible server in flight in a process", least=1
    )
    compatible_tpm: int = setting(0, "its tokens a minute in a process; 0 = no limit of ours")
    simulated_url: Url = setting("http://127.0.0.1:8200/v1", "address of the simulated provider")

    def endpoint(self, provider: str) -> Endpoint:
        """The endpoint of openai, gemini, compatible or simulated."""
        if provider == "simulated":
            return Endpoint(self.simulated_url, "simulated", 4096, 0)
        names = (f"{provider}_{name}" for name in ("base_url", "api_key", "concurrency", "tpm"))
        base_url, api_key, concurrency, tokens_per_minute = (getattr(self, name) for name in names)
        return Endpoint(base_url, api_key.get_secret_value(), concurrency, tokens_per_minute)
