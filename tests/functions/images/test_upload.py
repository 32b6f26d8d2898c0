"""From the wish to upload to a confirmed picture, against the embedded object store."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from functions.images.upload.func import upload
from functions.images.uploads import MOST_OPEN
from tests.functions.asgi_client import Functions
from tests.functions.images.uploading import ALICE, BOB, Uploading, encoded, uploading


@pytest.fixture
async def platform(tmp_path: Path, postgres_url: str) -> AsyncIterator[Uploading]:
    async with uploading(tmp_path, postgres_url) as platform:
        yield platform


async def test_a_place_takes_the_picture_and_its_copy_is_readable(platform: Uploading) -> None:
    place = (await platform.place()).json()
    assert place["expires_in"] == 900
    assert place["required_headers"] == {"Content-Type": "image/png"}
    assert place["key"].startswith("scan/")
    assert ALICE not in str(place)
    assert place["cdn_url"].endswith(f"{place['key']}.jpg")
    assert (await platform.put(place["upload_url"], encoded("PNG")))[0] == 200
    shown = await platform.show(place["cdn_url"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")


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
    platform: Uploading, kind: str, content_type: str, options: dict[str, Any]
) -> None:
    place = (await platform.place("my", content_type=content_type, metadata={"of": "병"})).json()
    status, etag = await platform.put(place["upload_url"], encoded(kind, 640, 480, **options), content_type)
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


async def test_a_picture_larger_than_its_beginning_is_confirmed(platform: Uploading) -> None:
    place = (await platform.place(content_type="image/jpeg")).json()
    content = encoded("JPEG", 60, 50) + b"\0" * 900_000
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
    platform: Uploading, kind: str, content_type: str, options: dict[str, Any]
) -> None:
    if options.get("pnginfo"):
        information = PngInfo()
        information.add_itxt("XML:com.adobe.xmp", "x" * 420_000)
        options = {"pnginfo": information}
    place = (await platform.place(content_type=content_type)).json()
    await platform.put(place["upload_url"], encoded(kind, 60, 50, **options), content_type)
    answer = await platform.confirm(place["key"])
    assert (answer.status_code, answer.json()["width"], answer.json()["height"]) == (200, 60, 50)


async def test_a_turned_picture_has_the_size_that_a_browser_shows(platform: Uploading) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    place = (await platform.place(content_type="image/jpeg")).json()
    await platform.put(place["upload_url"], encoded("JPEG", 60, 50, exif=exif), "image/jpeg")
    answer = await platform.confirm(place["key"])
    assert (answer.json()["width"], answer.json()["height"]) == (50, 60)


async def test_heic_is_confirmed_with_its_size(platform: Uploading) -> None:
    pillow_heif.register_heif_opener()
    place = (await platform.place(content_type="image/heic")).json()
    await platform.put(place["upload_url"], encoded("HEIF", 600, 400), "image/heic")
    answer = await platform.confirm(place["key"])
    assert (answer.status_code, answer.json()["width"], answer.json()["height"]) == (200, 600, 400)


async def test_what_could_never_be_scanned_is_not_confirmed(platform: Uploading) -> None:
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
        (encoded("JPEG"), "image/png"),
        (encoded("PNG")[:20], "image/png"),
    ],
)
async def test_what_is_no_picture_of_its_type_is_not_confirmed(
    platform: Uploading, content: bytes, content_type: str
) -> None:
    place = (await platform.place(content_type=content_type)).json()
    await platform.put(place["upload_url"], content, content_type)
    answer = await platform.confirm(place["key"])
    assert (answer.status_code, answer.json()["code"]) == (400, "IMAGE_UNREADABLE")


async def test_another_users_picture_is_404_like_one_that_does_not_exist(platform: Uploading) -> None:
    place = (await platform.place()).json()
    await platform.put(place["upload_url"], encoded("PNG"))
    foreign = await platform.confirm(place["key"], user=BOB)
    moved = await platform.confirm(place["key"].replace("scan/", "my/"), user=ALICE, channel="my")
    unknown = await platform.confirm(place["key"][:-4] + "0000")
    other_channel = await platform.confirm(place["key"], channel="chat")
    climbing = await platform.confirm(f"scan/../{place['key']}")
    answers = (foreign, moved, unknown, other_channel, climbing)
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (404, "IMAGE_NOT_FOUND")
    ] * 5
    assert (await platform.confirm(place["key"])).status_code == 200


async def test_a_place_without_a_picture_is_404(platform: Uploading) -> None:
    place = (await platform.place()).json()
    assert (await platform.confirm(place["key"])).status_code == 404


async def test_another_etag_is_a_conflict(platform: Uploading) -> None:
    place = (await platform.place()).json()
    await platform.put(place["upload_url"], encoded("PNG"))
    answer = await platform.confirm(place["key"], '"0123"')
    assert (answer.status_code, answer.json()["code"]) == (409, "ETAG_MISMATCH")


async def test_the_signature_covers_type_key_and_announced_length(platform: Uploading) -> None:
    content = encoded("PNG")
    place = (await platform.place(content_length=len(content))).json()
    url = place["upload_url"]
    assert (await platform.put(url, content, "image/jpeg"))[0] == 403
    assert (await platform.put(url, content + b"more"))[0] == 403
    assert (await platform.put(url.replace("/scan/", "/my/"), content))[0] == 403
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
    platform: Uploading, changed: dict[str, Any], status: int, code: str
) -> None:
    answer = await platform.place(**changed)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_user_has_only_so_many_open_uploads(platform: Uploading) -> None:
    for _ in range(MOST_OPEN):
        place = (await platform.place()).json()
    refused = await platform.place()
    assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_UPLOADS")
    assert int(refused.headers["retry-after"]) > 0
    assert (await platform.place(user=BOB)).status_code == 200
    await platform.put(place["upload_url"], encoded("PNG"))
    assert (await platform.confirm(place["key"])).status_code == 200
    assert (await platform.place()).status_code == 200


async def test_places_that_are_asked_for_at_once_are_counted(platform: Uploading) -> None:
    answers = await asyncio.gather(*(platform.place() for _ in range(MOST_OPEN + 20)))
    assert sorted(answer.status_code for answer in answers) == [200] * MOST_OPEN + [429] * 20


async def test_without_a_store_it_is_503(postgres_url: str) -> None:
    functions = Functions({"ECO2_DATABASE_URL": postgres_url})
    body = {"filename": "a", "content_type": "image/png"}
    answer = await functions.call(upload, "POST", "/api/v1/images/scan", user=ALICE, json=body)
    assert (answer.status_code, answer.json()["code"]) == (503, "NOT_CONFIGURED")
    await functions.close()
