"""A simulated provider inside the test's event loop, and the settings that lead every client to it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pytest
import uvicorn
from pydantic import BaseModel, ConfigDict

from functions.providers.models import Models
from functions.providers.request import ModelRequest
from functions.providers.settings import ProviderSettings
from functions.providers.simulated.server import Simulated
from process.settings import read

OPENAI_KEY = "sk-openai-secret-1234567890"
GEMINI_KEY = "gemini-secret-1234567890"


class Category(BaseModel):
    """An output as the vision stage might ask for."""

    model_config = ConfigDict(extra="forbid")
    major_category: str
    middle_category: Literal["무색페트병", "종이"]
    minor_category: str | None
    situation_tags: list[str]
    confidence: float


@dataclass
class Provider:
    """A running simulated provider."""

    url: str
    app: Simulated

    @property
    def env(self) -> dict[str, str]:
        """The environment in which each provider's address is this one."""
        return {
            "ECO2_MODEL": "simulated",
            "ECO2_MODEL_FALLBACK": "",
            "ECO2_SIMULATED_URL": f"{self.url}/v1",
            "ECO2_OPENAI_BASE_URL": f"{self.url}/v1",
            "ECO2_OPENAI_API_KEY": OPENAI_KEY,
            "ECO2_GEMINI_BASE_URL": self.url,
            "ECO2_GEMINI_API_KEY": GEMINI_KEY,
            "ECO2_COMPATIBLE_BASE_URL": f"{self.url}/v1",
            "ECO2_COMPATIBLE_API_KEY": "compatible-key",
            "ECO2_COMPATIBLE_MODEL": "qwen-vl",
        }


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that has no event to wait for; fails after 10 s."""
    for _ in range(2000):
        if true():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError("waited 10 s")


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI application on a free loopback port; yields its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    # The simulated server drops connections on purpose; uvicorn's report of that is not interesting here.
    config = uvicorn.Config(app, log_config=None, log_level="critical", lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await until(lambda: server.started)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        server.force_exit = True
        async with asyncio.timeout(10):
            await task
        listening.close()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.providers.link.JITTER_S", (0.001, 0.01))


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    app = Simulated()
    async with running(app) as url:
        yield Provider(url, app)


MakeModels = Callable[..., Models]


@pytest.fixture
async def make_models(provider: Provider) -> AsyncIterator[MakeModels]:
    """Models whose providers are all the simulated one; keyword arguments replace environment variables."""
    async with AsyncExitStack() as opened:

        def make(observe: Callable[[Any], None] | None = None, **env: str) -> Models:
            models = Models(read(ProviderSettings, provider.env | env), observe=observe)
            opened.push_async_callback(models.close)
            return models

        yield make


def question(**changes: Any) -> ModelRequest[Category]:
    """What most tests ask."""
    standard: dict[str, Any] = {
        "task": "vision",
        "instructions": "Classify the waste.",
        "text": "이 폐기물을 어떻게 분리배출해야 하나요?",
        "image": b"\xff\xd8\xff\xe0 not a real picture \xff\xd9",
        "output": Category,
    }
    return ModelRequest(**(standard | changes))
