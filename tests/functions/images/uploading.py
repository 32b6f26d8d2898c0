"""A browser that uploads pictures: the functions of pictures before the embedded object store."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from PIL import Image
from yarl import URL

from embedded.objects.app import application
from embedded.objects.signature import Key
from embedded.objects.store import ObjectStore
from functions.images.callback.func import callback
from functions.images.show.func import show
from functions.images.upload.func import upload
from tests.embedded.serving import serving
from tests.functions.asgi_client import Functions

ALICE = "6f1c0000-0000-4000-8000-000000000001"
BOB = "6f1c0000-0000-4000-8000-000000000002"
SECRET = "a-secret-of-the-store"


@dataclass
class Uploading:
    """The functions, the store and the browser."""

    functions: Functions
    store: ObjectStore
    browser: aiohttp.ClientSession

    async def place(self, channel: str = "scan", user: str | None = ALICE, **changed: Any) -> httpx.Response:
        body = {"filename": "image_1.png", "content_type": "image/png"} | changed
        return await self.functions.call(upload, "POST", f"/api/v1/images/{channel}", user=user, json=body)

    async def put(self, url: str, content: bytes, content_type: str = "image/png") -> tuple[int, str]:
        headers = {"content-type": content_type}
        async with self.browser.put(URL(url, encoded=True), data=content, headers=headers) as answer:
            return answer.status, answer.headers.get("etag", "")

    async def put_at_new_place(
        self, content: bytes, content_type: str = "image/jpeg", user: str = ALICE
    ) -> dict[str, Any]:
        """As the web client does it: only Content-Type, and no callback afterwards."""
        place: dict[str, Any] = (await self.place(user=user, content_type=content_type)).json()
        assert (await self.put(place["upload_url"], content, content_type))[0] == 200
        return place

    async def confirm(
        self, key: str, etag: str | None = None, user: str = ALICE, channel: str = "scan"
    ) -> httpx.Response:
        path = f"/api/v1/images/{channel}/callback"
        return await self.functions.call(callback, "POST", path, user=user, json={"key": key, "etag": etag})

    async def show(self, address: str, method: str = "GET", **headers: str) -> httpx.Response:
        """What a browser sees at a public address, which the store leads to the function where it has no copy."""
        async with self.browser.request(method, address, headers=headers, allow_redirects=False) as answer:
            told = httpx.Response(answer.status, headers=dict(answer.headers), content=await answer.read())
        if told.status_code != 307:
            return told
        path = URL(told.headers["location"]).path
        return await self.functions.call(show, method, path, headers=headers)


@contextlib.asynccontextmanager
async def uploading(folder: Path, postgres_url: str) -> AsyncIterator[Uploading]:
    """Functions and store until the block ends."""
    store = ObjectStore(folder)
    app = application(store, Key("eco2", SECRET), "/objects", missing="/api/v1/images")
    async with serving(app) as port, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as browser:
        objects = f"http://127.0.0.1:{port}/objects"
        functions = Functions(
            {
                "ECO2_DATABASE_URL": postgres_url,
                "ECO2_OBJECTS_URL": objects,
                "ECO2_OBJECTS_SECRET_KEY": SECRET,
                "ECO2_CDN_URL": f"{objects}/eco2-images/public",
            }
        )
        yield Uploading(functions, store, browser)
        await functions.close()


def encoded(kind: str, width: int = 40, height: int = 30, **options: Any) -> bytes:
    """A green picture as a file."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), "green").save(written, kind, **options)
    return written.getvalue()
