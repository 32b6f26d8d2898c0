"""What `eco2 up` is asked for, by options or by environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from embedded.settings import EmbeddedSettings
from embedded.supervisor.errors import CannotStartError
from functions.providers.settings import ProviderSettings
from process.declared import check
from process.settings import SettingsError, read

BrokerKind = Literal["embedded", "rabbitmq"]
REDIS_ROLES = ("STREAMS", "PUBSUB", "CACHE", "AUTH", "STATE")


@dataclass(frozen=True, slots=True)
class Options:
    """`environment` is the one `eco2` was started in; what it names by URL is not started here.

    `edges`: processes at the public port. One carries (open files - 512) / 2 requests and streams at once; more
    only for more streams than that, and each counts rate limits by itself.
    """

    home: Path
    port: int = 8080
    broker: BrokerKind = "embedded"
    model: str = "local"
    processes: int = 1
    edges: int = 1
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def __post_init__(self) -> None:
        if self.broker not in get_args(BrokerKind):
            raise CannotStartError(f"broker {self.broker!r} is neither embedded nor rabbitmq")
        if not 0 <= self.port < 65536:
            raise CannotStartError(f"port {self.port} does not exist; give --port 0 to 65535")
        if not 1 <= self.processes <= 16:
            raise CannotStartError(f"{self.processes} processes: give --processes 1 to 16")
        if not 1 <= self.edges <= 8:
            raise CannotStartError(f"{self.edges} edges: set ECO2_EDGES to 1 to 8")
        if self.model not in (known := (*self.models, "simulated")):
            raise CannotStartError(f"model {self.model!r} is none of {', '.join(known)}; see ECO2_MODELS")

    @property
    def models(self) -> tuple[str, ...]:
        """The models a client may name."""
        return read(ProviderSettings, self.environment).models

    @property
    def missing_key(self) -> str:
        """The setting without which the chosen model can't be asked, or empty."""
        for prefix, name in (("gpt", "ECO2_OPENAI_API_KEY"), ("gemini", "ECO2_GEMINI_API_KEY")):
            if self.model.startswith(prefix) and not (
                self.environment.get(name) or self.environment.get(f"{name}_FILE")
            ):
                return name
        return ""

    @property
    def starts_postgres(self) -> bool:
        return not self.environment.get("ECO2_DATABASE_URL")

    @property
    def starts_valkey(self) -> bool:
        return not all(self.environment.get(f"ECO2_REDIS_{role}_URL") for role in REDIS_ROLES)

    @property
    def starts_rabbitmq(self) -> bool:
        return self.broker == "rabbitmq" and not self.environment.get("ECO2_AMQP_URL")

    @property
    def serves_objects(self) -> bool:
        return not self.environment.get("ECO2_OBJECTS_URL")


def from_environment(
    environment: Mapping[str, str],
    *,
    home: Path | None = None,
    port: int | None = None,
    broker: str | None = None,
    model: str | None = None,
    processes: int | None = None,
) -> Options:
    """Options where what is not given (None) comes from `ECO2_*`. Raises CannotStartError."""
    try:
        check(environment)
    except SettingsError as error:
        raise CannotStartError(str(error)) from None
    configured = read(EmbeddedSettings, environment)
    return Options(
        home=home or Path(configured.home),
        port=configured.port if port is None else port,
        broker=cast("BrokerKind", broker or configured.broker),
        model=model or read(ProviderSettings, environment).model,
        processes=(configured.processes or default_processes()) if processes is None else processes,
        edges=configured.edges,
        environment=dict(environment),
    )


def default_processes() -> int:
    """One function host a core, at most two: the rest of the cores is for everything else."""
    return min(2, os.cpu_count() or 1)
