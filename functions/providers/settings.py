"""Settings of the model providers: one table of names, and the object they become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from functions.providers.simulated.behaviour import DEFAULTS as SIMULATED


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: what it is called, what it is without being set, what it means."""

    name: str
    default: str
    meaning: str
    secret: bool = False


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting("ECO2_MODEL", "local", "model asked when a request names none"),
    Setting("ECO2_MODELS", "gpt-5.2,gemini-3-flash-preview,local", "models a request may name"),
    Setting("ECO2_MODEL_FALLBACK", "local", "models asked in this order when the first one fails"),
    Setting("ECO2_MODEL_TIMEOUT_S", "30", "longest time one model of the chain may take, seconds"),
    Setting("ECO2_MODEL_QUEUE_S", "5", "longest wait for a free place at a provider, seconds"),
    Setting("ECO2_MODEL_PRICES", "", "price table (JSON) to use instead of the packaged one"),
    Setting("ECO2_BREAKER_FAILURES", "5", "failures among recent calls that can open a provider's circuit"),
    Setting("ECO2_BREAKER_OPEN_S", "15", "seconds an open circuit waits before it lets one call probe"),
    Setting("ECO2_OPENAI_API_KEY", "", "OpenAI key", secret=True),
    Setting("ECO2_OPENAI_BASE_URL", "https://api.openai.com/v1", "OpenAI address"),
    Setting("ECO2_OPENAI_CONCURRENCY", "400", "most OpenAI calls in flight in a process"),
    Setting("ECO2_OPENAI_TPM", "0", "OpenAI tokens a minute in a process; 0 = no limit of ours"),
    Setting("ECO2_GEMINI_API_KEY", "", "Gemini key", secret=True),
    Setting("ECO2_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com", "Gemini address"),
    Setting("ECO2_GEMINI_CONCURRENCY", "400", "most Gemini calls in flight in a process"),
    Setting("ECO2_GEMINI_TPM", "0", "Gemini tokens a minute in a process; 0 = no limit of ours"),
    Setting("ECO2_GEMINI_THINKING", "low", "Gemini thinking level: minimal, low, medium, high or empty"),
    Setting("ECO2_COMPATIBLE_API_KEY", "", "key of an OpenAI-compatible server", secret=True),
    Setting("ECO2_COMPATIBLE_BASE_URL", "", "address of an OpenAI-compatible server, with /v1"),
    Setting("ECO2_COMPATIBLE_MODEL", "", "model of the OpenAI-compatible server"),
    Setting(
        "ECO2_COMPATIBLE_CONCURRENCY", "64", "most calls to the compatible server in flight in a process"
    ),
    Setting("ECO2_COMPATIBLE_TPM", "0", "its tokens a minute in a process; 0 = no limit of ours"),
    Setting("ECO2_SIMULATED_URL", "http://127.0.0.1:8200/v1", "address of the simulated provider"),
    *(
        Setting(name, f"{default:g}", f"simulated provider: {meaning}")
        for name, (default, meaning) in SIMULATED.items()
    ),
)

_DEFAULTS: Final = {setting.name: setting.default for setting in SETTINGS}


class InvalidProviderSettings(ValueError):
    """`findings`: {environment name: what is wrong}; the values of secrets are not repeated."""

    def __init__(self, findings: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {finding}" for name, finding in findings.items()))
        self.findings = dict(findings)


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
    """The table above, read. `endpoints` by provider name; frozen and hashable."""

    model: str
    models: tuple[str, ...]
    fallback: tuple[str, ...]
    timeout_s: float
    queue_s: float
    prices: str
    breaker_failures: int
    breaker_open_s: float
    gemini_thinking: str
    compatible_model: str
    openai: Endpoint
    gemini: Endpoint
    compatible: Endpoint
    simulated: Endpoint

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> ProviderSettings:
        """Raises InvalidProviderSettings with all findings at once."""
        read = _Reader(env)
        settings = cls(
            model=read.text("ECO2_MODEL"),
            models=read.names("ECO2_MODELS"),
            fallback=read.names("ECO2_MODEL_FALLBACK", may_be_empty=True),
            timeout_s=read.number("ECO2_MODEL_TIMEOUT_S"),
            queue_s=read.number("ECO2_MODEL_QUEUE_S"),
            prices=read.text("ECO2_MODEL_PRICES"),
            breaker_failures=int(read.number("ECO2_BREAKER_FAILURES")),
            breaker_open_s=read.number("ECO2_BREAKER_OPEN_S"),
            gemini_thinking=read.text("ECO2_GEMINI_THINKING", may_be_empty=True),
            compatible_model=read.text("ECO2_COMPATIBLE_MODEL"),
            openai=read.endpoint("OPENAI"),
            gemini=read.endpoint("GEMINI"),
            compatible=read.endpoint("COMPATIBLE"),
            simulated=Endpoint(read.text("ECO2_SIMULATED_URL"), "simulated", 4096, 0),
        )
        if read.findings:
            raise InvalidProviderSettings(read.findings)
        return settings


class _Reader:
    """Reads values and keeps what was wrong with them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.findings: dict[str, str] = {}

    def text(self, name: str, *, may_be_empty: bool = False) -> str:
        """The value; an empty one counts as unset unless it may be empty."""
        value = self._env.get(name)
        if value is None or (not value.strip() and not may_be_empty):
            return _DEFAULTS[name]
        return value.strip()

    def names(self, name: str, *, may_be_empty: bool = False) -> tuple[str, ...]:
        text = self.text(name, may_be_empty=may_be_empty)
        return tuple(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))

    def number(self, name: str, *, least: float = 0.001) -> float:
        text = self.text(name)
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value < float("inf"):
            self.findings[name] = f"expected a number of at least {least:g}, not {text!r}"
            return least
        return value

    def endpoint(self, provider: str) -> Endpoint:
        address = f"ECO2_{provider}_BASE_URL"
        base_url = self.text(address)
        if base_url and not base_url.startswith(("http://", "https://")):
            self.findings[address] = "expected an http:// or https:// address"
        return Endpoint(
            base_url=base_url.rstrip("/"),
            api_key=self.text(f"ECO2_{provider}_API_KEY"),
            concurrency=int(self.number(f"ECO2_{provider}_CONCURRENCY", least=1)),
            tokens_per_minute=int(self.number(f"ECO2_{provider}_TPM", least=0)),
        )
