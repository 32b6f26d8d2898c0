"""The chat's functions in one process over PostgreSQL and Valkey, with a sink that keeps what is emitted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests.embedded.serving import serving
from tests.functions.asgi_client import Functions, Sink
from tests.functions.chat.talk import Talk
from tests.functions.providers.conftest import provider  # noqa: F401 - a fixture

Talking = Callable[..., AbstractAsyncContextManager[Talk]]


@pytest.fixture
def sink() -> Sink:
    """What the broker would be given."""
    return Sink()


@pytest.fixture
def talking(postgres_url: str, valkey_url: str, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Talking:
    """Makes a user's conversations on a platform with more settings."""

    @asynccontextmanager
    async def made(**more: str) -> AsyncIterator[Talk]:
        async with serving(sink) as port:
            monkeypatch.setenv("K_SINK", f"http://127.0.0.1:{port}")
            functions = Functions(
                {
                    "ECO2_ENV": "local",
                    "ECO2_DATABASE_URL": postgres_url,
                    "ECO2_REDIS_STREAMS_URL": valkey_url,
                    "ECO2_REDIS_PUBSUB_URL": valkey_url,
                    "ECO2_REDIS_CACHE_URL": valkey_url,
                    "ECO2_REDIS_AUTH_URL": valkey_url,
                    "ECO2_REDIS_STATE_URL": valkey_url,
                    "ECO2_MODELS": "local",
                    "ECO2_CHAT_OVERDUE_S": "1",
                    **more,
                }
            )
            yield Talk(functions, sink)
            await functions.close()

    return made


@pytest.fixture
async def talk(talking: Talking) -> AsyncIterator[Talk]:
    """A user's conversations."""
    async with talking() as talk:
        yield talk
