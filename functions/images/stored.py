"""A look at a stored picture: how large it is and what it shows first, without reading all of it."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass

from functions.images.errors import ImageRejected, ImageUnavailable
from functions.images.signing import Store
from functions.images.uploads import MAX_BYTES, unknown

BUDGET_S = 4.0
HEAD_BYTES = 256 * 1024
"""Enough for the metadata that cameras write before the dimensions."""
_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
}


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of the store; `head` are its first bytes."""

    etag: str
    content_type: str
    size: int
    head: bytes


async def look(store: Store, key: str) -> Stored:
    """Fetch the beginning of an object. Raises NotFound, ImageRejected (too large) or ImageUnavailable."""
    import aiohttp

    wanted = {"range": f"bytes=0-{HEAD_BYTES - 1}"}
    # The signature covers the URL as botocore wrote it.
    from yarl import URL

    url = URL(store.presign_get(key), encoded=True)
    try:
        async with (
            asyncio.timeout(BUDGET_S),
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.get(url, headers=wanted, allow_redirects=False) as response,
        ):
            if response.status in (403, 404):  # S3 answers 403 where listing is not allowed
                raise unknown()
            if response.status not in (200, 206):
                raise ImageUnavailable("The picture can't be looked at now; try again.")
            head = bytearray()
            async for piece in response.content.iter_any():
                head += piece
                if len(head) >= HEAD_BYTES:
                    break
            total = response.headers.get("content-range", "").rpartition("/")[2]
            size = int(total) if total.isdecimal() else response.content_length or len(head)
            stored = Stored(
                response.headers.get("etag", "").strip('"'),
                response.content_type,
                size,
                bytes(head[:HEAD_BYTES]),
            )
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ImageUnavailable("The picture can't be looked at now; try again.") from error
    if stored.size > MAX_BYTES:
        raise ImageRejected("IMAGE_TOO_LARGE", "A picture may have 10 MiB at most.")
    return stored


def dimensions(stored: Stored) -> tuple[int, int] | None:
    """Width and height in pixels; None for HEIC, which we can't read.

    Raises ImageRejected where the bytes are no picture of the type they were stored as. Only the header is read, so a
    picture that would be huge once decoded costs nothing here.
    """
    if stored.content_type == "image/heic":
        if stored.head[4:8] != b"ftyp":
            raise _unreadable()
        return None
    if stored.content_type == "image/webp":
        return _webp(stored.head)
    from PIL import Image

    try:
        with Image.open(io.BytesIO(stored.head), formats=["JPEG", "PNG", "GIF"]) as image:
            found, size = _TYPES.get(image.format or ""), image.size
    except Exception:  # whatever a broken file leads PIL to: OSError, SyntaxError, struct.error, …
        raise _unreadable() from None
    if found != stored.content_type:
        raise _unreadable()
    return size


def _webp(head: bytes) -> tuple[int, int]:
    """From the first chunk (RFC 9649): PIL wants the whole file for that."""
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        raise _unreadable()
    chunk, data = head[12:16], head[20:30]
    if chunk == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF
    raise _unreadable()


def _unreadable() -> ImageRejected:
    return ImageRejected(
        "IMAGE_UNREADABLE", "This is no picture of the type that was announced; upload another one."
    )
