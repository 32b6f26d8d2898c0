"""What a picture file says of itself before anything is decoded: kind, size, and what decoding it may cost.

Only the bytes that name kind and dimensions are read, by the formats' own layouts: ITU T.81 (JPEG), PNG third
edition, GIF89a, RFC 9649 (WebP) and ISO/IEC 23008-12 (HEIF).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from functions.images.errors import ImageRejected

Kind = Literal["jpeg", "png", "webp", "gif", "heic"]

LONGEST_SIDE: Final = 20_000
"""Pixels; decoders keep a pointer a row, which a picture of one column would turn into hundreds of megabytes."""
MOST_SCANS: Final = 100
"""Of a progressive JPEG: each goes over all coefficients again; encoders write about ten."""
_MEGAPIXELS: Final[dict[str, int]] = {
    "jpeg": 50,
    "progressive": 25,
    "png": 32,
    "gif": 24,
    "webp": 9,
    "heic": 25,
}
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})
_FRAMES: Final = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})


@dataclass(frozen=True, slots=True)
class Header:
    """Kind and size in pixels: of a JPEG before its EXIF orientation is applied; `progressive` as to JPEG."""

    kind: Kind
    width: int
    height: int
    progressive: bool = False

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


def read_header(data: bytes) -> Header:
    """The header of a whole file, or of a beginning that holds it. Raises ImageRejected (IMAGE_UNREADABLE)."""
    for matches, read in _READERS:
        if matches(data):
            try:
                header = read(data)
            except (struct.error, IndexError):
                raise unreadable() from None
            if header is None or not header.pixels:
                raise unreadable()
            return header
    raise unreadable()


def check(header: Header, data: bytes) -> None:
    """Refuse what would take too much to decode. Raises ImageRejected with words for whoever took the picture."""
    allowed = _MEGAPIXELS["progressive" if header.progressive else header.kind]
    if header.pixels > allowed * 1_000_000:
        raise ImageRejected(
            "IMAGE_TOO_LARGE",
            f"The picture has {header.pixels / 1e6:.0f} megapixels; a {header.kind.upper()} may have {allowed}. "
            "Send it smaller.",
        )
    if max(header.width, header.height) > LONGEST_SIDE:
        raise ImageRejected(
            "IMAGE_TOO_LARGE",
            f"The picture is {header.width}×{header.height} pixels; {LONGEST_SIDE} a side are allowed.",
        )
    if header.progressive and data.count(b"\xff\xda") > MOST_SCANS:
        raise ImageRejected(
            "IMAGE_UNREADABLE", "The JPEG has far too many scans; save it again as a plain JPEG."
        )


def unreadable() -> ImageRejected:
    """The rejection of what is no whole picture of a known kind."""
    return ImageRejected(
        "IMAGE_UNREADABLE",
        "This is no whole JPEG, PNG, WebP, GIF or HEIC: the file is broken or of another kind.",
    )


def _jpeg(data: bytes) -> Header | None:
    for marker, at in _segments(data):
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 3)
            return Header("jpeg", width, height, progressive=marker not in {0xC0, 0xC1})
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker and where its segment (its length first) begins, up to the first scan. Bounded by the data."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes
            at += 1
            continue
        if marker in {0x01, *range(0xD0, 0xD8)}:  # without a length
            at += 2
            continue
        if marker in {0xDA, 0xD9}:
            return
        yield marker, at + 2
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))


def _png(data: bytes) -> Header | None:
    width, height = struct.unpack_from(">II", data, 16)
    return Header("png", width, height) if data[12:16] == b"IHDR" else None


def _gif(data: bytes) -> Header:
    return Header("gif", *struct.unpack_from("<HH", data, 6))


def _webp(data: bytes) -> Header | None:
    chunk, payload = data[12:16], data[20:30]
    if chunk == b"VP8X":
        width, height = (int.from_bytes(payload[at : at + 3], "little") + 1 for at in (4, 7))
        return Header("webp", width, height)
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", payload, 1)
        return Header("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", payload, 6)
        return Header("webp", width & 0x3FFF, height & 0x3FFF)
    return None


def _heic(data: bytes) -> Header | None:
    """The largest of the spatial extents in the property box, for tiles and thumbnails have smaller ones; turned."""
    properties = _box(data, b"meta")
    extents = [
        struct.unpack_from(">II", properties, at + 8)
        for at in _occurrences(properties, b"ispe")
        if at + 16 <= len(properties)
    ]
    if not extents:
        return None
    width, height = max(extents, key=lambda size: size[0] * size[1])
    turns = [properties[at + 4] for at in _occurrences(properties, b"irot") if at + 4 < len(properties)]
    return Header("heic", height, width) if turns and turns[0] & 1 else Header("heic", width, height)


def _box(data: bytes, kind: bytes) -> bytes:
    """The first box of this kind at the top of a file, however long its colour profile is; empty if there is none."""
    at = 0
    while at + 8 <= len(data):
        size, found = struct.unpack_from(">I4s", data, at)
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
        end = at + size if size else len(data)
        if found == kind:
            return data[at:end]
        at = max(at + 8, end)
    return b""


def _occurrences(data: bytes, word: bytes) -> Iterator[int]:
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + len(word))


_READERS: Final[tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Header | None]], ...]] = (
    (lambda data: data.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda data: data.startswith((b"GIF87a", b"GIF89a")), _gif),
    (lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP", _webp),
    (lambda data: data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS, _heic),
)
