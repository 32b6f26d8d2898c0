"""What becomes of a file: redrawn, kept as it is, or refused."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from functions.images.errors import ImageRejected
from functions.images.picture import FetchedImage, plain, redrawn
from tests.functions.images.conftest import picture


def draw(data: bytes) -> FetchedImage:
    return redrawn(data, max_pixels=40_000_000, longest_side=1024)


def opened(image: FetchedImage) -> Image.Image:
    read = Image.open(io.BytesIO(image.jpeg))
    assert read.format == "JPEG"
    assert read.size == (image.width, image.height)
    return read


def tagged(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "camera of somebody"
    exif.get_ifd(0x8825)[1] = "N"
    return picture(exif=exif, comment=b"taken at home")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_every_kind_becomes_a_jpeg(kind: str) -> None:
    image = draw(picture(kind))
    assert (image.width, image.height) == (60, 40)
    left = opened(image).getpixel((5, 20))
    assert isinstance(left, tuple)
    assert left[0] > 200


def test_a_large_picture_is_made_smaller() -> None:
    assert (draw(picture(size=(3000, 1500))).width, draw(picture("PNG", size=(10, 3000))).height) == (
        1024,
        1024,
    )


def test_metadata_is_gone_and_the_picture_is_upright() -> None:
    image = draw(tagged(orientation=6))  # the camera was turned: rows are columns
    read = opened(image)
    assert (image.width, image.height) == (40, 60)
    assert not read.getexif()
    assert "comment" not in read.info
    assert b"somebody" not in image.jpeg
    assert b"Exif" not in image.jpeg
    top = read.getpixel((20, 5))
    assert isinstance(top, tuple)
    assert top[0] > 200


@pytest.mark.parametrize("orientation", range(1, 9))
def test_no_turn_leaves_an_orientation_behind(orientation: int) -> None:
    image = draw(tagged(orientation))
    assert (image.width < image.height) == (orientation >= 5)
    assert not opened(image).getexif()


def test_what_shines_through_becomes_white() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(written, "PNG")
    assert opened(draw(written.getvalue())).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "I;16", "CMYK"])
def test_other_colour_models_become_rgb(mode: str) -> None:
    written = io.BytesIO()
    Image.new("L", (8, 8), 200).convert(mode).save(written, "JPEG" if mode == "CMYK" else "PNG")
    assert opened(draw(written.getvalue())).mode == "RGB"


def png(width: int, height: int) -> bytes:
    """A PNG that claims to be large and compresses to almost nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [7_000, 10_000, 14_000, 60_000])
def test_a_bomb_is_refused_before_it_is_unfolded(side: int) -> None:
    with pytest.raises(ImageRejected) as raised:
        draw(png(side, side))
    assert raised.value.code == "IMAGE_TOO_LARGE"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_picture_is_refused(kind: str, share: float) -> None:
    noisy = Image.effect_noise((300, 200), 80).convert("RGB")
    written = io.BytesIO()
    noisy.save(written, kind)
    whole = written.getvalue()
    with pytest.raises(ImageRejected) as raised:
        draw(whole[: int(len(whole) * share)])
    assert raised.value.code == "IMAGE_UNREADABLE"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"%PDF-1.7",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"BM" + b"\0" * 60,
        b"<svg xmlns=''/>",
        b"%!PS-Adobe",
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ImageRejected) as raised:
        draw(data)
    assert raised.value.code == "IMAGE_UNREADABLE"


def test_heic_is_named_in_its_refusal() -> None:
    with pytest.raises(ImageRejected, match="HEIC"):
        draw(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")


class TestPlain:
    def test_a_small_bare_jpeg_stays_as_it_is(self) -> None:
        data = picture()
        kept = plain(data, 1024)
        assert kept == FetchedImage(data, 60, 40)

    @pytest.mark.parametrize("save", [{"progressive": True}, {"quality": 95, "subsampling": 0}])
    def test_in_any_usual_coding(self, save: dict[str, Any]) -> None:
        assert plain(picture(**save), 1024) is not None

    def test_what_redrawing_gives_needs_no_redrawing(self) -> None:
        image = draw(tagged(6))
        assert plain(image.jpeg, 1024) == image

    @pytest.mark.parametrize(
        "data",
        [
            tagged(1),
            picture(comment=b"hello"),
            picture(icc_profile=b"profile"),
            picture(size=(1025, 10)),
            picture("PNG"),
            picture()[:-2],
            picture() + b"appended",
            picture()[:30] + b"\xff\xd9",
            b"\xff\xd8\xff\xd9",
            b"\xff\xd8" + b"\xff\xc0\x00\x02" + b"\xff\xd9",
            b"\xff\xd8" + b"\xff\xdb\x00\x00" * 3 + b"\xff\xd9",
            b"",
        ],
    )
    def test_anything_else_is_redrawn(self, data: bytes) -> None:
        assert plain(data, 1024) is None
