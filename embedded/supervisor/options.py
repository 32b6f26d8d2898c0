"""What `eco2 up` is asked for, by options or by environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from brokers.settings import BrokerSettings
from embedded.settings import EmbeddedSettings
from embedded.supervisor.errors import CannotStartError
from functions.auth.settings import OAuthSettings, ProviderName
from functions.images.settings import ImageSettings
from functions.providers.settings import ProviderSettings
from functions.runtime.settings import RuntimeSettings
from process.declared import check
from process.settings import ProcessSettings, Secret, SettingsError, read

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
        provider = {"gpt": "openai", "gem": "gemini"}.get(self.model[:3])
        if provider is None or read(ProviderSettings, self.environment).endpoint(provider).api_key:
            return ""
        return f"ECO2_{provider.upper()}_API_KEY"

    @property
    def database_url(self) -> str:
        """PostgreSQL; empty: to be started here."""
        return read(RuntimeSettings, self.environment).database_url.get_secret_value()

    @property
    def amqp_url(self) -> str:
        """RabbitMQ; empty: to be started here where it is the broker."""
        return read(BrokerSettings, self.environment).amqp_url.get_secret_value()

    @property
    def inside_secret(self) -> str:
        """What the parts of the platform show each other; empty: to be made here."""
        return read(ProcessSettings, self.environment).inside_secret.get_secret_value()

    @property
    def starts_postgres(self) -> bool:
        return not self.database_url

    @property
    def starts_valkey(self) -> bool:
        given = read(RuntimeSettings, self.environment)
        urls: list[Secret] = [getattr(given, f"redis_{role.lower()}_url") for role in REDIS_ROLES]
        return not all(url.get_secret_value() for url in urls)

    @property
    def starts_rabbitmq(self) -> bool:
        return self.broker == "rabbitmq" and not self.amqp_url

    @property
    def local_providers(self) -> tuple[str, ...]:
        """The identity providers that this machine stands in for: those without a client id, in development only."""
        given = read(OAuthSettings, self.environment)
        local = (self.environment.get("ECO2_ENV") or "local") == "local"
        return tuple(
            name for name in get_args(ProviderName) if local and not getattr(given, f"{name}_client_id")
        )

    @property
    def serves_objects(self) -> bool:
        return not read(ImageSettings, self.environment).objects_url


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
