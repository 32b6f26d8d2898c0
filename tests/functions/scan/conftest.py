"""A line over real servers: PostgreSQL, Valkey, the simulated model and an image on loopback."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn

from embedded.servers.process import free_port
from functions.providers.simulated.server import Simulated
from functions.providers.simulated.settings import Behaviour


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
    simulated = Simulated(Behaviour())

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
def settings(postgres_url: str, valkey_url: str, provider: Provider) -> dict[str, str]:
    """The environment of a line: everything real, the model simulated."""
    return {
        "ECO2_ENV": "local",
        "ECO2_DATABASE_URL": postgres_url,
        "ECO2_REDIS_STREAMS_URL": valkey_url,
        "ECO2_REDIS_PUBSUB_URL": valkey_url,
        "ECO2_REDIS_CACHE_URL": valkey_url,
        "ECO2_REDIS_AUTH_URL": valkey_url,
        "ECO2_CDN_URL": f"{provider.url}/images",
        "ECO2_SIMULATED_URL": f"{provider.url}/v1",
        "ECO2_MODEL": "simulated",
        "ECO2_MODELS": "simulated,local",
        "ECO2_MODEL_FALLBACK": "",
        "ECO2_SCAN_OVERDUE_S": "0.01",
    }
