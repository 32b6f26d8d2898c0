"""Public copies: clean, upright, written once, whoever asks first and whatever is put there later."""

from __future__ import annotations

import asyncio
import contextlib
import io
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import psycopg
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo
from yarl import URL

from functions.images.bucket import Bucket
from functions.images.copies import HEADERS, PublicCopies
from functions.images.decoding import Decoders
from functions.images.errors import ImageRejected
from functions.images.fetch import ImageFetcher
from functions.images.settings import ImageSettings
from functions.images.show.func import show
from functions.images.signing import Store
from functions.images.uploads import Uploads
from tests.functions.images.uploading import Uploading, encoded, uploading

pillow_heif.register_heif_opener()
SECRETS = (
    b"camera-of-somebody",
    b"taken-at-home",
    b"a-comment",
    b"Exif",
    b"xmp",
    b"ICC_PROFILE",
    b"Photoshop",
)
BOMB = b"RIFF\x18\0\0\0WEBPVP8L" + struct.pack("<IBI", 12, 0x2F, 7999 | 4999 << 14) + bytes(7)


@pytest.fixture
async def platform(tmp_path: Path, postgres_url: str) -> AsyncIterator[Uploading]:
    async with uploading(tmp_path, postgres_url) as platform:
        yield platform


def exif(orientation: int) -> bytes:
    told = Image.Exif()
    told[0x0112] = orientation
    told[0x010F] = "camera-of-somebody"
    position = told.get_ifd(0x8825)
    position[1], position[2], position[3], position[4] = "N", (37.0, 33.0, 59.0), "E", (126.0, 58.0, 41.0)
    return told.tobytes()


def telling(kind: str, orientation: int) -> bytes:
    """Red left, blue right; then whatever of metadata the format has."""
    image = Image.new("RGB", (60, 40), "blue")
    image.paste("red", (0, 0, 30, 40))
    options: dict[str, Any] = {"exif": exif(orientation), "xmp": b"<x:xmpmeta>taken-at-home</x:xmpmeta>"}
    if kind == "JPEG":
        options |= {"comment": b"a-comment", "icc_profile": b"0" * 3000}
    if kind == "PNG":
        told = PngInfo()
        told.add_text("Comment", "a-comment")
        told.add_itxt("XML:com.adobe.xmp", "taken-at-home")
        options |= {"pnginfo": told}
        del options["xmp"]
    if kind == "GIF":
        options = {"comment": b"a-comment"}
    if kind in ("WEBP", "HEIF"):
        options |= {"quality": 90}
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "GIF"])
async def test_a_copy_is_upright_and_tells_nothing_but_the_picture(
    platform: Uploading, kind: str, orientation: int
) -> None:
    content = telling(kind, orientation)
    if kind != "GIF":
        assert b"camera-of-somebody" in content
    place = await platform.put_at_new_place(content, f"image/{'heic' if kind == 'HEIF' else kind.lower()}")
    shown = await platform.show(place["cdn_url"])
    assert shown.status_code == 200
    assert not [word for word in SECRETS if word in shown.content]
    copy = Image.open(io.BytesIO(shown.content))
    assert copy.format == "JPEG"
    assert (dict(copy.getexif()), set(copy.info)) == (
        {},
        {"jfif", "jfif_version", "jfif_unit", "jfif_density"},
    )
    with Image.open(io.BytesIO(content)) as original:
        expected = np.asarray(_upright(original, kind), float)
    assert copy.size == expected.shape[1::-1]
    assert np.abs(np.asarray(copy, float) - expected).mean() < 12
    confirmed = (await platform.confirm(place["key"])).json()
    assert (confirmed["width"], confirmed["height"]) == copy.size


def _upright(image: Image.Image, kind: str) -> Image.Image:
    # pillow-heif turns the pixels when it opens a file.
    return (image if kind == "HEIF" else ImageOps.exif_transpose(image)).convert("RGB")


async def test_what_was_looked_at_stays_whatever_is_put_there_later(platform: Uploading) -> None:
    place = await platform.put_at_new_place(encoded("JPEG", 60, 40))
    confirmed = await platform.confirm(place["key"])
    shown = (await platform.show(place["cdn_url"])).content
    for later in (encoded("JPEG", 70, 70), b"<html><script>alert(1)</script>"):
        await platform.put(place["upload_url"], later, "image/jpeg")
        assert (await platform.show(place["cdn_url"])).content == shown
        assert (await platform.confirm(place["key"])).json() == confirmed.json()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
async def test_what_a_file_carries_besides_its_picture_is_served_to_nobody(
    platform: Uploading, kind: str
) -> None:
    # No scanner looks at uploads: instead no byte of one is given to anybody, only what is drawn anew of it.
    carried = b"MZ\x90\x00<script>alert(1)</script>PK\x03\x04 anything a scanner would know"
    content = encoded(kind) + carried
    place = await platform.put_at_new_place(content, f"image/{kind.lower()}")
    assert carried not in (shown := await platform.show(place["cdn_url"])).content
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    original = URL(place["upload_url"], encoded=True)
    for address in (original, original.with_query(None)):
        async with platform.browser.get(address) as answer:
            assert answer.status in (403, 404)
            assert carried not in await answer.read()


async def test_two_pictures_and_many_readers_make_one_whole_copy(platform: Uploading) -> None:
    """Two processes that publish, over one store and database, while the object below them changes."""
    place = await platform.put_at_new_place(encoded("JPEG", 60, 40))
    resources = platform.functions.resources
    uploads, settings = await resources.get(Uploads), resources.settings(ImageSettings)
    async with copies_of_another(uploads, settings) as other:
        ours = await resources.get(PublicCopies)
        first = asyncio.gather(*(copies.publish(place["key"]) for copies in (ours, other) for _ in range(4)))
        await platform.put(place["upload_url"], encoded("JPEG", 90, 20), "image/jpeg")
        told = await first
    assert len(set(told)) == 1
    copy = Image.open(io.BytesIO((await platform.show(place["cdn_url"])).content))
    assert copy.size == (told[0].width, told[0].height)


@contextlib.asynccontextmanager
async def copies_of_another(uploads: Uploads, settings: ImageSettings) -> AsyncIterator[PublicCopies]:
    decoders, bucket = Decoders(), Bucket(Store.inner(settings))
    try:
        yield PublicCopies(uploads, bucket, decoders)
    finally:
        await bucket.close()
        await decoders.close()


async def test_a_writer_that_was_killed_before_it_told_still_counts(platform: Uploading) -> None:
    place = await platform.put_at_new_place(encoded("JPEG", 90, 20))
    resources = platform.functions.resources
    bucket = Bucket(Store.inner(resources.settings(ImageSettings)))
    first = encoded("JPEG", 60, 40)
    made_of = {**HEADERS, "x-amz-meta-made-of": "abc 123 jpeg 60 40"}
    assert await bucket.write_once(f"public/{place['key']}.jpg", first, made_of)
    await bucket.close()
    confirmed = (await platform.confirm(place["key"])).json()
    assert (confirmed["etag"], confirmed["width"], confirmed["height"]) == ("abc", 60, 40)
    assert (await platform.show(place["cdn_url"])).content == first


@pytest.mark.parametrize(
    ("content", "code"), [(b"<html></html>", "IMAGE_UNREADABLE"), (BOMB, "IMAGE_TOO_LARGE")]
)
async def test_what_can_not_be_shown_says_why_until_something_else_is_put_there(
    platform: Uploading, postgres_url: str, content: bytes, code: str
) -> None:
    place = await platform.put_at_new_place(content, "image/webp")
    for _ in range(2):
        refused = await platform.show(place["cdn_url"])
        assert (refused.status_code, refused.json()["code"]) == (400, code)
    with psycopg.connect(postgres_url) as connection:
        ((name,),) = connection.execute("SELECT name FROM images.removals").fetchall()
    assert name == f"uploads/{place['key']}"
    platform.store.delete(f"eco2-images/{name}")  # as the sweep does
    assert (await platform.show(place["cdn_url"])).json()["code"] == code
    await platform.put(place["upload_url"], encoded("WEBP"), "image/webp")
    assert (await platform.show(place["cdn_url"])).status_code == 200


async def test_before_anything_is_there_it_is_404_and_not_kept(platform: Uploading) -> None:
    place = (await platform.place()).json()
    unknown = place["cdn_url"].replace(place["key"], f"scan/{place['key'][5:-4]}0000")
    for address in (place["cdn_url"], unknown, unknown.replace(".jpg", "_320.jpg")):
        shown = await platform.show(address)
        assert (shown.status_code, shown.json()["code"]) == (404, "IMAGE_NOT_FOUND")
        assert shown.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("file", ["x.jpg", "..jpg", "6f1c0000-0000-4000-8000-000000000001.svg", "a_320.jpg"])
async def test_other_names_are_404(platform: Uploading, file: str) -> None:
    answer = await platform.functions.call(show, "GET", f"/api/v1/images/scan/{file}")
    assert (answer.status_code, answer.json()["code"]) == (404, "IMAGE_NOT_FOUND")


async def test_a_thumbnail_is_made_of_the_copy(platform: Uploading) -> None:
    place = await platform.put_at_new_place(encoded("JPEG", 900, 600))
    address = place["cdn_url"].replace(".jpg", "_320.jpg")
    for _ in range(2):
        thumbnail = await platform.show(address)
        assert Image.open(io.BytesIO(thumbnail.content)).size == (320, 213)
    platform.store.delete(f"eco2-images/public/{place['key']}.jpg")
    platform.store.delete(f"eco2-images/public/{place['key']}_320.jpg")
    assert (await platform.show(address)).status_code == 404


@pytest.mark.parametrize("made", [False, True], ids=["by the function", "by the store"])
async def test_a_copy_is_served_as_a_file_that_nothing_can_run(platform: Uploading, made: bool) -> None:
    place = await platform.put_at_new_place(encoded("JPEG"))
    if made:
        await platform.confirm(place["key"])
    shown = await platform.show(place["cdn_url"])
    headers = shown.headers
    assert headers["content-type"] == "image/jpeg"
    assert headers["content-disposition"] == "inline"
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["cache-control"] == "public, max-age=86400, immutable"
    assert headers["etag"]


async def test_the_function_answers_parts_and_what_is_unchanged(platform: Uploading) -> None:
    place = await platform.put_at_new_place(encoded("JPEG"))
    path = f"/api/v1/images/{place['key']}.jpg"
    whole = await platform.functions.call(show, "GET", path)
    part = await platform.functions.call(show, "GET", path, headers={"range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, whole.content[:8])
    assert part.headers["content-range"] == f"bytes 0-7/{len(whole.content)}"
    same = await platform.functions.call(show, "GET", path, headers={"if-none-match": whole.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    beyond = await platform.functions.call(show, "GET", path, headers={"range": "bytes=9999999-"})
    assert beyond.status_code == 416
    head = await platform.functions.call(show, "HEAD", path)
    assert head.headers["content-length"] == str(len(whole.content))


async def test_a_copy_of_an_upload_that_went_meanwhile_goes_too(
    platform: Uploading, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await platform.put_at_new_place(encoded("JPEG"))
    written = Bucket.write_once

    async def and_deleted(self: Bucket, *args: Any) -> bool:
        stored = await written(self, *args)
        with psycopg.connect(postgres_url) as connection:
            connection.execute("DELETE FROM images.uploads")
        return stored

    monkeypatch.setattr(Bucket, "write_once", and_deleted)
    assert (await platform.show(place["cdn_url"])).status_code == 404
    assert not list(platform.store.folder.rglob(f"{place['key'][5:]}.jpg"))


async def test_while_the_store_is_down_it_is_503(tmp_path: Path, postgres_url: str) -> None:
    async with uploading(tmp_path, postgres_url) as platform:
        place = await platform.put_at_new_place(encoded("JPEG"))
        path = place["cdn_url"].partition("/public/")[2]
    async with uploading(tmp_path, postgres_url) as again:
        resources = again.functions.resources
        resources._environ = {**resources._environ, "ECO2_OBJECTS_URL": "http://127.0.0.1:9/objects"}
        answer = await again.functions.call(show, "GET", f"/api/v1/images/{path}")
        assert (answer.status_code, answer.json()["code"]) == (503, "IMAGE_UNAVAILABLE")


async def test_a_scan_makes_the_copy_that_nobody_asked_for_before(platform: Uploading) -> None:
    place = await platform.put_at_new_place(telling("JPEG", 6))
    fetcher = await platform.functions.resources.get(ImageFetcher)
    image = await fetcher.fetch(place["cdn_url"])
    assert (await platform.show(place["cdn_url"])).content == image.jpeg
    await platform.put(place["upload_url"], encoded("JPEG", 90, 20), "image/jpeg")
    assert await fetcher.fetch(place["cdn_url"]) == image


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"<html></html>", "IMAGE_UNREADABLE"), (BOMB, "IMAGE_TOO_LARGE"), (None, "IMAGE_URL_INVALID")],
)
async def test_a_scan_of_what_can_not_be_shown_is_rejected(
    platform: Uploading, content: bytes | None, code: str
) -> None:
    place = (await platform.place(content_type="image/webp")).json()
    if content is not None:
        await platform.put(place["upload_url"], content, "image/webp")
    fetcher = await platform.functions.resources.get(ImageFetcher)
    with pytest.raises(ImageRejected) as rejected:
        await fetcher.fetch(place["cdn_url"])
    assert rejected.value.code == code
