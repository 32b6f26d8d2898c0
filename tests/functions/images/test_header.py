"""What a file says of itself, and what is refused for it before anything is decoded."""

from __future__ import annotations

import io
import struct
import zlib

import pillow_heif
import pytest
from PIL import Image

from functions.images.errors import ImageRejected
from functions.images.header import Header, check, read_header

SIZE = (302, 208)


def encoded(kind: str, **options: object) -> bytes:
    pillow_heif.register_heif_opener()
    written = io.BytesIO()
    Image.new("RGB", SIZE, "red").save(written, kind, **options)
    return written.getvalue()


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size and compresses to almost nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def webp(width: int, height: int) -> bytes:
    bits = (width - 1) | ((height - 1) << 14)
    return b"RIFF\x18\0\0\0WEBPVP8L" + struct.pack("<IBI", 12, 0x2F, bits) + bytes(7)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"icc_profile": b"p" * 200_000}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0MM\0*"}),
        ("HEIF", {}),
    ],
)
def test_every_kind_tells_its_size(kind: str, options: dict[str, object]) -> None:
    header = read_header(encoded(kind, **options))
    assert (header.kind, header.width, header.height, header.progressive) == (
        {"HEIF": "heic"}.get(kind, kind.lower()),
        *SIZE,
        False,
    )


def test_a_progressive_jpeg_is_known_as_one() -> None:
    assert read_header(encoded("JPEG", progressive=True)).progressive


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"%PDF-1.7", b"BM" + bytes(60), b"II*\0" + bytes(60), b"%!PS"]
)
def test_other_kinds_are_refused(data: bytes) -> None:
    with pytest.raises(ImageRejected) as raised:
        read_header(data)
    assert raised.value.code == "IMAGE_UNREADABLE"


def size_of(data: bytes) -> tuple[int, int] | None:
    try:
        header = read_header(data)
    except ImageRejected:
        return None
    return header.width, header.height


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "HEIF"])
def test_no_beginning_of_a_file_is_more_than_refused(kind: str) -> None:
    data = encoded(kind)
    for length in range(min(len(data), 400)):
        assert size_of(data[:length]) in {None, SIZE}


@pytest.mark.parametrize(
    "data",
    [png(7_000, 7_000), png(60_000, 60_000), png(1, 40_000_000), png(40_000_000, 1), webp(8000, 5000)],
    ids=["49 megapixels", "far too many", "one column", "one row", "a tiny file"],
)
def test_what_would_be_huge_is_refused_before_it_is_unfolded(data: bytes) -> None:
    with pytest.raises(ImageRejected) as raised:
        check(read_header(data), data)
    assert raised.value.code == "IMAGE_TOO_LARGE"


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = encoded("JPEG", progressive=True)
    with pytest.raises(ImageRejected) as raised:
        check(read_header(data), data + b"\xff\xda" * 200)
    assert raised.value.code == "IMAGE_UNREADABLE"


def test_phones_pictures_pass() -> None:
    check(Header("jpeg", 8064, 6048), b"")  # 48 megapixels
    check(Header("heic", 5712, 4284), b"")  # 24
    check(Header("png", 4032, 3024), b"")
