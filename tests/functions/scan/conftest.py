"""A line over real servers: PostgreSQL, Valkey, the simulated model and an image on loopback."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn

from embedded.servers import free_port
from functions.providers.simulated.behaviour import Behaviour
from functions.providers.simulated.server import Simulated
from functions.runtime.settings import Secret, Settings


@dataclass
class Provider:
    """The simulated provider and a picture, at `url`."""

    url: str
    application: Simulated

    @property
    def image_url(self) -> str:
        """A picture below our own prefix."""
        return f"{self.url}/images/bottle.jpg"


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """One server for both, in a thread of its own: tests run in event loops that come and go."""
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "green").save(picture, "JPEG")
    simulated = Simulated(
        Behaviour.from_env({"ECO2_SIMULATED_VISION_S": "0", "ECO2_SIMULATED_ANSWER_S": "0"})
    )

    async def serve(scope, receive, send):  # type: ignore[no-untyped-def]
        if scope["type"] == "http" and scope["path"].startswith("/images/"):
            start = {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"image/jpeg")],
            }
            await send(start)
            await send({"type": "http.response.body", "body": picture.getvalue()})
        else:
            await simulated(scope, receive, send)

    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(serve, port=port, log_level="error", lifespan="off", access_log=False, ws="none")
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    for _ in range(500):
        if server.started:
            break
        threading.Event().wait(0.02)
    assert server.started, "the simulated provider did not start"
    yield Provider(f"http://127.0.0.1:{port}", simulated)
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def settings(
    postgres_url: str, valkey_url: str, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings of a line: everything real, the model simulated."""
    monkeypatch.setenv("ECO2_SIMULATED_URL", f"{provider.url}/v1")
    monkeypatch.setenv("ECO2_MODEL", "simulated")
    monkeypatch.setenv("ECO2_MODELS", "simulated,local")
    monkeypatch.setenv("ECO2_MODEL_FALLBACK", "")
    redis = Secret(valkey_url)
    return Settings(
        env="local",
        database_url=Secret(postgres_url),
        redis_streams_url=redis,
        redis_pubsub_url=redis,
        redis_cache_url=redis,
        cdn_url=f"{provider.url}/images",
        model="simulated",
        scan_overdue_s=0.01,
    )
