"""Checks before anything starts of what settings name: models, files, and servers that run elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from embedded.supervisor.errors import CannotStartError
from embedded.supervisor.options import REDIS_ROLES, Options
from functions.auth.errors import SigningKeysError
from functions.auth.settings import AuthSettings
from functions.providers.errors import UnknownModel
from functions.providers.prices import PriceTable
from functions.providers.registry import provider_of
from functions.providers.settings import ProviderSettings
from functions.runtime.settings import RuntimeSettings
from process.settings import read

CONNECT_S = 5.0
_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}


async def check(options: Options) -> None:
    """Raises CannotStartError that names the setting."""
    _models(options)
    _files(options)
    await asyncio.gather(*(_listens(name, url) for name, url in _servers(options)))


def wrong(setting: str, why: object) -> CannotStartError:
    """The error that names a setting."""
    return CannotStartError(f"{setting}: {why}")


def _models(options: Options) -> None:
    settings = read(ProviderSettings, options.environment)
    named = {"ECO2_MODELS": settings.models, "ECO2_MODEL_FALLBACK": settings.model_fallback}
    for setting, models in named.items():
        for model in models:
            try:
                provider_of(model, settings)
            except UnknownModel:
                raise wrong(setting, f"nobody provides a model {model!r}") from None


def _files(options: Options) -> None:
    try:
        PriceTable.load(read(ProviderSettings, options.environment).model_prices)
    except (OSError, ValueError) as error:
        raise wrong("ECO2_MODEL_PRICES", error) from None
    if folder := read(AuthSettings, options.environment).signing_keys:
        from functions.auth.keys import SigningKeys

        try:
            SigningKeys.load(Path(folder))
        except SigningKeysError as error:
            raise wrong("ECO2_SIGNING_KEYS", error) from None


def _servers(options: Options) -> Iterator[tuple[str, str]]:
    """Setting → address of what is not started here; the database is asked by the migrations."""
    settings = read(RuntimeSettings, options.environment)
    for role in REDIS_ROLES:
        yield f"ECO2_REDIS_{role}_URL", getattr(settings, f"redis_{role.lower()}_url").get_secret_value()
    if options.broker == "rabbitmq":
        yield "ECO2_AMQP_URL", options.amqp_url


async def _listens(setting: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:  # not given, or a Unix socket
        return
    host, port = parts.hostname or "127.0.0.1", parts.port or _PORTS[parts.scheme]
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        why = error.strerror or "no answer in time"
        raise wrong(setting, f"nobody takes connections at {host}:{port} ({why})") from None
    writer.close()
