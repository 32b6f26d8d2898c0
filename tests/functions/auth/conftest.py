"""Sign-in over real keys, a real database and a broker's ingress."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from functions.auth.issuing import Issuing
from functions.auth.keys import SigningKeys, ensure_keys
from functions.auth.tokens import Tokens
from tests.embedded.serving import serving
from tests.functions.asgi_client import Functions, Sink

ISSUER, AUDIENCE = "https://eco2.test", "eco2-test"


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a current and a next key."""
    folder = tmp_path_factory.mktemp("keys") / "signing"
    ensure_keys(folder)
    return folder


@pytest.fixture(scope="session")
def keys(key_folder: Path) -> SigningKeys:
    """The keys of the folder."""
    return SigningKeys.load(key_folder)


@pytest.fixture
def tokens(keys: SigningKeys) -> Tokens:
    """Verifies as the functions under test do."""
    return Tokens(lambda: keys, issuer=ISSUER, audience=AUDIENCE)


@pytest.fixture
def issuing(tokens: Tokens) -> Issuing:
    """Issues what the functions under test accept."""
    return Issuing(tokens)


@pytest.fixture
def configured(postgres_url: str, valkey_url: str, key_folder: Path) -> dict[str, str]:
    """Local development."""
    return {
        "ECO2_REDIS_AUTH_URL": valkey_url,
        "ECO2_ENV": "local",
        "ECO2_DATABASE_URL": postgres_url,
        "ECO2_SIGNING_KEYS": str(key_folder),
        "ECO2_ISSUER": ISSUER,
        "ECO2_AUDIENCE": AUDIENCE,
        "ECO2_CORS_ORIGINS": "https://eco2.example, https://dev.eco2.example",
    }


@pytest.fixture
def sink() -> Sink:
    """The broker's ingress."""
    return Sink()


@pytest.fixture
async def functions(
    configured: dict[str, str], sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Functions]:
    """Functions that emit into `sink`."""
    async with serving(sink) as port:
        monkeypatch.setenv("K_SINK", f"http://127.0.0.1:{port}")
        functions = Functions(configured)
        yield functions
        await functions.close()


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until something holds that others are about to do."""
    deadline = time.monotonic() + 20
    while not await holds():
        assert time.monotonic() < deadline, f"not in time: {what}"
        await asyncio.sleep(0.02)
