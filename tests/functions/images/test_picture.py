"""What becomes of a file: redrawn, kept as it is, or refused."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from functions.images.errors import ImageRejected
from functions.images.picture import FetchedImage, plain, redrawn
from tests.functions.images.conftest import picture


def draw(data: bytes) -> FetchedImage:
    return redrawn(data, longest_side=1024)


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


@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_a_grey_of_sixteen_bits_is_seen_as_one_of_eight(mode: str) -> None:
    written = io.BytesIO()
    grey = Image.linear_gradient("L")
    if mode == "I;16":
        grey = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    grey.save(written, "PNG")
    seen = np.asarray(opened(draw(written.getvalue())).convert("L")).astype(int)
    assert abs(seen - np.asarray(Image.linear_gradient("L")).astype(int)).max() < 12


def test_an_heic_becomes_an_upright_jpeg() -> None:
    written = io.BytesIO()
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    striped = Image.new("RGB", (600, 400), (0, 0, 255))
    striped.paste((255, 0, 0), (0, 0, 300, 400))
    striped.save(written, "HEIF", exif=exif.tobytes())
    image = draw(written.getvalue())
    assert (image.width, image.height) == (400, 600)
    top, bottom = opened(image).getpixel((200, 50)), opened(image).getpixel((200, 550))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[0] > 200, bottom[2] > 200) == (True, True)


class TestPlain:
    def test_a_small_bare_jpeg_stays_as_it_is(self) -> None:
        data = picture()
        kept = plain(data, 1024)
        assert kept == FetchedImage(data, 60, 40, (60, 40))

    @pytest.mark.parametrize("save", [{"quality": 60}, {"quality": 95, "subsampling": 0}])
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
            picture(progressive=True),
            picture("PNG"),
            picture()[:-2],
            picture() + b"appended",
            picture() + tagged(1),
            picture() + b"%PDF-1.7 <script>" + b"\xff\xd9",
            picture()[:-2] + b"\xff\xe1\x00\x08Exif\0\0" + b"\xff\xd9",
            picture()[:30] + b"\xff\xd9",
            b"\xff\xd8\xff\xd9",
            b"\xff\xd8" + b"\xff\xc0\x00\x02" + b"\xff\xd9",
            b"\xff\xd8" + b"\xff\xdb\x00\x00" * 3 + b"\xff\xd9",
            b"",
        ],
    )
    def test_anything_else_is_redrawn(self, data: bytes) -> None:
        assert plain(data, 1024) is None


def test_colours_of_another_space_are_brought_to_srgb() -> None:
    """In a space whose first two primaries are exchanged, what reads as green is red."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    table = slice(128, 132 + 12 * int.from_bytes(profile[128:132], "big"))
    tags = bytes(profile[table]).replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    profile[table] = tags
    named = bytes(profile).replace("sRGB".encode("utf-16-be"), "Ours".encode("utf-16-be"))
    green = Image.new("RGB", (8, 8), (0, 255, 0))
    for given, expected in ((named, (255, 0, 0)), (b"broken", (0, 255, 0)), (named[:200], (0, 255, 0))):
        written = io.BytesIO()
        green.save(written, "PNG", icc_profile=given)
        pixel = opened(draw(written.getvalue())).getpixel((4, 4))
        assert isinstance(pixel, tuple)
        assert all(abs(a - b) < 12 for a, b in zip(pixel, expected, strict=True)), (given[:8], pixel)


def test_a_picture_of_the_size_of_a_copy_is_reduced_once() -> None:
    image = redrawn(picture("PNG", size=(5000, 100)), longest_side=2048)
    assert ((image.width, image.height), image.original) == ((2048, 41), (5000, 100))


def test_what_libheif_has_no_memory_for_is_not_called_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*_args: object) -> None:
        raise RuntimeError("Memory allocation error: Security limit exceeded")

    monkeypatch.setattr("pillow_heif.open_heif", refusing)
    with pytest.raises(MemoryError):
        draw(b"\0\0\0\x18ftypheic")
