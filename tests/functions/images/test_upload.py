"""From the wish to upload to a confirmed picture, against the embedded object store."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pillow_heif
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from yarl import URL

from embedded.objects.app import application
from embedded.objects.signature import Key
from embedded.objects.store import ObjectStore
from functions.images.callback.func import callback
from functions.images.upload.func import upload
from tests.embedded.serving import serving
from tests.functions.asgi_client import Functions

ALICE = "6f1c0000-0000-4000-8000-000000000001"
BOB = "6f1c0000-0000-4000-8000-000000000002"
SECRET = "a-secret-of-the-store"


@dataclass
class Platform:
    """The functions and a browser that uploads to the store."""

    functions: Functions
    browser: aiohttp.ClientSession

    async def place(self, channel: str = "scan", user: str | None = ALICE, **changed: Any) -> Any:
        body = {"filename": "image_1.png", "content_type": "image/png"} | changed
        return await self.functions.call(upload, "POST", f"/api/v1/images/{channel}", user=user, json=body)

    async def put(self, url: str, content: bytes, content_type: str = "image/png") -> tuple[int, str]:
        headers = {"content-type": content_type}
        async with self.browser.put(URL(url, encoded=True), data=content, headers=headers) as answer:
            return answer.status, answer.headers.get("etag", "")

    async def confirm(
        self, key: str, etag: str | None = None, user: str = ALICE, channel: str = "scan"
    ) -> Any:
        path = f"/api/v1/images/{channel}/callback"
        return await self.functions.call(callback, "POST", path, user=user, json={"key": key, "etag": etag})


@pytest.fixture
async def platform(tmp_path: Path, postgres_url: str) -> AsyncIterator[Platform]:
    store = application(ObjectStore(tmp_path), Key("eco2", SECRET), "/objects")
    async with serving(store) as port, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as browser:
        objects = f"http://127.0.0.1:{port}/objects"
        functions = Functions(
            {
                "ECO2_DATABASE_URL": postgres_url,
                "ECO2_OBJECTS_URL": objects,
                "ECO2_OBJECTS_SECRET_KEY": SECRET,
                "ECO2_CDN_URL": f"{objects}/eco2-images",
            }
        )
        yield Platform(functions, browser)
        await functions.close()


def picture(kind: str, width: int = 40, height: int = 30, **options: Any) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "green").save(written, kind, **options)
    return written.getvalue()


async def test_a_place_takes_the_picture_and_the_picture_is_readable(platform: Platform) -> None:
    place = (await platform.place()).json()
    assert place["expires_in"] == 900
    assert place["required_headers"] == {"Content-Type": "image/png"}
    assert place["key"].startswith(f"scan/{ALICE}/")
    assert place["cdn_url"].endswith(place["key"])
    content = picture("PNG")
    assert (await platform.put(place["upload_url"], content))[0] == 200
    async with platform.browser.get(place["cdn_url"]) as answer:
        assert await answer.read() == content
        assert answer.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("kind", "content_type", "options"),
    [
        ("PNG", "image/png", {}),
        ("JPEG", "image/jpeg", {}),
        ("GIF", "image/gif", {}),
        ("WEBP", "image/webp", {}),
        ("WEBP", "image/webp", {"lossless": True}),
        ("WEBP", "image/webp", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}),
    ],
)
async def test_a_confirmed_picture_tells_its_size(
    platform: Platform, kind: str, content_type: str, options: dict[str, Any]
) -> None:
    place = (await platform.place("my", content_type=content_type, metadata={"of": "병"})).json()
    status, etag = await platform.put(place["upload_url"], picture(kind, 640, 480, **options), content_type)
    assert status == 200
    answer = await platform.confirm(place["key"], etag, channel="my")
    assert answer.status_code == 200
    assert answer.json() == {
        "key": place["key"],
        "channel": "my",
        "cdn_url": place["cdn_url"],
        "uploader_id": ALICE,
        "metadata": {"of": "병"},
        "etag": etag.strip('"'),
        "content_type": content_type,
        "width": 640,
        "height": 480,
    }


async def test_a_picture_larger_than_its_beginning_is_confirmed(platform: Platform) -> None:
    place = (await platform.place(content_type="image/jpeg")).json()
    content = picture("JPEG", 60, 50) + b"\0" * 900_000
    await platform.put(place["upload_url"], content, "image/jpeg")
    answer = await platform.confirm(place["key"])
    assert (answer.status_code, answer.json()["width"], answer.json()["height"]) == (200, 60, 50)


@pytest.mark.parametrize(
    ("kind", "content_type", "options"),
    [
        ("JPEG", "image/jpeg", {"icc_profile": os.urandom(557_000)}),
        ("PNG", "image/png", {"pnginfo": "xmp"}),
        ("WEBP", "image/webp", {"xmp": b"x" * 420_000}),
    ],
    ids=["colour profile", "XMP of a PNG", "XMP of a WebP"],
)
async def test_metadata_longer_than_the_first_look_is_walked(
    platform: Platform, kind: str, content_type: str, options: dict[str, Any]
) -> None:
    if options.get("pnginfo"):
        information = PngInfo()
        information.add_itxt("XML:com.adobe.xmp", "x" * 420_000)
        options = {"pnginfo": information}
    place = (await platform.place(content_type=content_type)).json()
    await platform.put(place["upload_url"], picture(kind, 60, 50, **options), content_type)
    answer = await platform.confirm(place["key"])
    assert (answer.status_code, answer.json()["width"], answer.json()["height"]) == (200, 60, 50)


async def test_a_turned_picture_has_the_size_that_a_browser_shows(platform: Platform) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    place = (await platform.place(content_type="image/jpeg")).json()
    await platform.put(place["upload_url"], picture("JPEG", 60, 50, exif=exif), "image/jpeg")
    answer = await platform.confirm(place["key"])
    assert (answer.json()["width"], answer.json()["height"]) == (50, 60)


async def test_heic_is_confirmed_with_its_size(platform: Platform) -> None:
    pillow_heif.register_heif_opener()
    place = (await platform.place(content_type="image/heic")).json()
    await platform.put(place["upload_url"], picture("HEIF", 600, 400), "image/heic")
    answer = await platform.confirm(place["key"])
    assert (answer.status_code, answer.json()["width"], answer.json()["height"]) == (200, 600, 400)


async def test_what_could_never_be_scanned_is_not_confirmed(platform: Platform) -> None:
    """A WebP of 32 bytes that announces 40 megapixels."""
    bomb = b"RIFF\x18\0\0\0WEBPVP8L" + struct.pack("<IBI", 12, 0x2F, 7999 | 4999 << 14) + bytes(7)
    place = (await platform.place(content_type="image/webp")).json()
    await platform.put(place["upload_url"], bomb, "image/webp")
    answer = await platform.confirm(place["key"])
    assert (answer.status_code, answer.json()["code"]) == (400, "IMAGE_TOO_LARGE")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "image/png"),
        (b"<html></html>", "image/png"),
        (b"RIFF1234WEBPVP8?" + b"\0" * 40, "image/webp"),
        (b"not at all", "image/heic"),
        (picture("JPEG"), "image/png"),
        (picture("PNG")[:20], "image/png"),
    ],
)
async def test_what_is_no_picture_of_its_type_is_not_confirmed(
    platform: Platform, content: bytes, content_type: str
) -> None:
    place = (await platform.place(content_type=content_type)).json()
    await platform.put(place["upload_url"], content, content_type)
    answer = await platform.confirm(place["key"])
    assert (answer.status_code, answer.json()["code"]) == (400, "IMAGE_UNREADABLE")


async def test_another_users_picture_is_404_like_one_that_does_not_exist(platform: Platform) -> None:
    place = (await platform.place()).json()
    await platform.put(place["upload_url"], picture("PNG"))
    foreign = await platform.confirm(place["key"], user=BOB)
    moved = await platform.confirm(place["key"].replace(ALICE, BOB), user=BOB)
    unknown = await platform.confirm(place["key"][:-8] + "0000.png")
    other_channel = await platform.confirm(place["key"], channel="chat")
    climbing = await platform.confirm(f"scan/{ALICE}/../{BOB}/x.png")
    answers = (foreign, moved, unknown, other_channel, climbing)
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (404, "IMAGE_NOT_FOUND")
    ] * 5
    assert (await platform.confirm(place["key"])).status_code == 200


async def test_a_place_without_a_picture_is_404(platform: Platform) -> None:
    place = (await platform.place()).json()
    assert (await platform.confirm(place["key"])).status_code == 404


async def test_another_etag_is_a_conflict(platform: Platform) -> None:
    place = (await platform.place()).json()
    await platform.put(place["upload_url"], picture("PNG"))
    answer = await platform.confirm(place["key"], '"0123"')
    assert (answer.status_code, answer.json()["code"]) == (409, "ETAG_MISMATCH")


async def test_the_signature_covers_type_key_and_announced_length(platform: Platform) -> None:
    content = picture("PNG")
    place = (await platform.place(content_length=len(content))).json()
    url = place["upload_url"]
    assert (await platform.put(url, content, "image/jpeg"))[0] == 403
    assert (await platform.put(url, content + b"more"))[0] == 403
    assert (await platform.put(url.replace(ALICE, BOB), content))[0] == 403
    assert (await platform.put(url, content))[0] == 200


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"content_type": "image/svg+xml"}, 400, "IMAGE_TYPE_UNSUPPORTED"),
        ({"content_type": "text/html"}, 400, "IMAGE_TYPE_UNSUPPORTED"),
        ({"content_length": 10 * 1024 * 1024 + 1}, 400, "IMAGE_TOO_LARGE"),
        ({"content_length": 0}, 422, "VALIDATION_FAILED"),
        ({"filename": ""}, 422, "VALIDATION_FAILED"),
        ({"filename": "x" * 256}, 422, "VALIDATION_FAILED"),
        ({"filename": "a\0b"}, 422, "VALIDATION_FAILED"),
        ({"metadata": {"a": ["\0"]}}, 422, "VALIDATION_FAILED"),
        ({"channel": "etc"}, 404, "NOT_FOUND"),
        ({"user": None}, 401, "LOGIN_REQUIRED"),
    ],
)
async def test_what_is_not_allowed_gets_no_place(
    platform: Platform, changed: dict[str, Any], status: int, code: str
) -> None:
    answer = await platform.place(**changed)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_without_a_store_it_is_503(postgres_url: str) -> None:
    functions = Functions({"ECO2_DATABASE_URL": postgres_url})
    body = {"filename": "a", "content_type": "image/png"}
    answer = await functions.call(upload, "POST", "/api/v1/images/scan", user=ALICE, json=body)
    assert (answer.status_code, answer.json()["code"]) == (503, "NOT_CONFIGURED")
    await functions.close()
