"""Signed-in users and the picture they scan; both are made before the clock starts and used again."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bench.wire import Browser, Response


class Refused(Exception):
    """The platform did not answer a preparation as the contract says."""

    def __init__(self, what: str, response: Response) -> None:
        super().__init__(f"{what}: {response.status} {response.body[:300].decode(errors='replace')}")


class Users:
    """Clients of `user-0`, `user-1`, …; each signs in once, at most `at_once` at a time."""

    def __init__(self, base_url: str, *, at_once: int = 8) -> None:
        address = urlsplit(base_url)
        self.host, self.port = address.hostname or "127.0.0.1", address.port or 80
        self._clients: list[Browser] = []
        self._at_once = at_once

    async def signed_in(self, count: int) -> list[Browser]:
        """The first `count` users, signed in. Raises Refused."""
        numbers = range(len(self._clients), count)
        fresh = [Browser(self.host, self.port, source(self.host, number)) for number in numbers]
        turns = asyncio.Semaphore(self._at_once)

        async def sign_in(number: int, client: Browser) -> None:
            async with turns:
                await _sign_in(f"user-{number}", client)

        await asyncio.gather(
            *(sign_in(number, client) for number, client in enumerate(fresh, len(self._clients)))
        )
        self._clients += fresh
        return self._clients[:count]

    async def upload(
        self, picture: bytes, content_type: str = "image/jpeg", client: Browser | None = None
    ) -> str:
        """Upload a picture and return its public URL, the way the web client uploads one.

        By `client`, or by a user who signs in for it. Raises Refused.
        """
        if client is None:
            (client,) = await self.signed_in(1)
        body = json.dumps({"filename": "bench.jpg", "content_type": content_type}).encode()
        response = await client.request("POST", "/api/v1/images/scan", body=body, headers=JSON)
        if response.status != 200:
            raise Refused("upload ticket", response)
        ticket = json.loads(response.body)
        target = urlsplit(ticket["upload_url"])
        store = Browser(target.hostname or self.host, target.port or 80)
        path = f"{target.path}?{target.query}" if target.query else target.path
        stored = await store.request("PUT", path, body=picture, headers={"content-type": content_type})
        await store.close()
        if stored.status not in (200, 201, 204):
            raise Refused("upload", stored)
        return str(ticket["cdn_url"])

    @property
    def left_open(self) -> int:
        """The number of streams which the server did not close after their end."""
        return sum(client.left_open for client in self._clients)

    async def close(self) -> None:
        for client in self._clients:
            await client.close()


JSON: Mapping[str, str] = {"content-type": "application/json"}


async def _sign_in(name: str, client: Browser, *, attempts: int = 20) -> None:
    for _ in range(attempts):
        response = await client.request("GET", f"/api/v1/auth/local/login?name={name}")
        if response.status != 429:
            break
        await asyncio.sleep(min(float((response.all(b"retry-after") or ["1"])[0]), 10.0))
    for cookie in response.all(b"set-cookie"):
        key, _, value = cookie.partition(";")[0].partition("=")
        if key == "s_access":
            client.cookies[key] = value
    if "s_access" not in client.cookies:
        raise Refused(f"sign-in of {name}", response)


def source(host: str, number: int) -> str | None:
    """The loopback address of a user: users have one each, and some limits count by address. Linux only."""
    if host != "127.0.0.1" or sys.platform != "linux":
        return None
    return f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def picture(path: Path | None = None) -> bytes:
    """The picture to scan: the file, or a drawn 640x480 JPEG of about 40 KB, the size of a phone's preview frame."""
    if path is not None:
        return path.read_bytes()
    from PIL import Image

    gradient = Image.linear_gradient("L").resize((640, 480))
    noise = Image.effect_noise((640, 480), 40)
    drawn = io.BytesIO()
    Image.merge("RGB", (gradient, noise, gradient.transpose(Image.Transpose.ROTATE_180))).save(
        drawn, "JPEG", quality=80
    )
    return drawn.getvalue()
