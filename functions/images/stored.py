"""A look at a stored picture: how large it is and what it shows first, without reading all of it."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.images.errors import ImageRejected, ImageUnavailable
from functions.images.header import Header, check, read_header, unreadable
from functions.images.picture import orientation
from functions.images.signing import Store
from functions.images.uploads import MAX_BYTES, unknown

if TYPE_CHECKING:
    import aiohttp

BUDGET_S = 4.0
HEAD_BYTES = 256 * 1024
"""Enough for the metadata that most cameras write before the dimensions; the rest is fetched where it is not."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of the store; `head` are its first bytes."""

    etag: str
    content_type: str
    size: int
    head: bytes


async def look(store: Store, key: str) -> Stored:
    """Fetch the beginning of an object, as far as what it shows, which metadata can put far behind.

    Raises NotFound, ImageRejected (too large) or ImageUnavailable.
    """
    import aiohttp

    try:
        async with asyncio.timeout(BUDGET_S), aiohttp.ClientSession(auto_decompress=False) as session:
            stored = await _fetch(session, store, key, HEAD_BYTES)
            if len(stored.head) < stored.size and not _told(stored.head):
                stored = await _fetch(session, store, key, MAX_BYTES)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ImageUnavailable("The picture can't be looked at now; try again.") from error
    return stored


def _told(head: bytes) -> bool:
    try:
        read_header(head)
    except ImageRejected:
        return False
    return True


async def _fetch(session: aiohttp.ClientSession, store: Store, key: str, most: int) -> Stored:
    # The signature covers the URL as botocore wrote it.
    from yarl import URL

    url = URL(store.presign_get(key), encoded=True)
    wanted = {"range": f"bytes=0-{most - 1}"}
    async with session.get(url, headers=wanted, allow_redirects=False) as response:
        if response.status in (403, 404):  # S3 answers 403 where listing is not allowed
            raise unknown()
        if response.status not in (200, 206):
            raise ImageUnavailable("The picture can't be looked at now; try again.")
        head = bytearray()
        async for piece in response.content.iter_any():
            head += piece
            if len(head) >= most:
                break
        total = response.headers.get("content-range", "").rpartition("/")[2]
        size = int(total) if total.isdecimal() else response.content_length or len(head)
        if size > MAX_BYTES:
            raise ImageRejected("IMAGE_TOO_LARGE", "A picture may have 10 MiB at most.")
        etag = response.headers.get("etag", "").strip('"')
        return Stored(etag, response.content_type, size, bytes(head[:most]))


def dimensions(stored: Stored) -> tuple[int, int]:
    """Width and height in pixels, as a browser shows the picture.

    Raises ImageRejected where the bytes are no picture of the type they were stored as, or where decoding it would take
    too much. Only headers are read, so a picture that would be huge once decoded costs nothing here.
    """
    header = read_header(stored.head)
    if f"image/{header.kind}" != stored.content_type:
        raise unreadable()
    check(header, stored.head)
    return (header.height, header.width) if _turned(header, stored.head) else (header.width, header.height)


def _turned(header: Header, head: bytes) -> bool:
    if header.kind != "jpeg":
        return False
    from PIL import Image

    with Image.open(io.BytesIO(head), formats=["JPEG"]) as image:
        return orientation(image) >= 5
