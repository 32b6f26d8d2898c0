"""Any picture an upload may hold becomes one upright RGB square, or a typed refusal."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from functions.providers.local.photo import MAX_PIXELS, UnreadablePhoto, read_photo

SIDE = 96
ORIENTATION = 0x0112
# What a camera did to the upright picture for each EXIF orientation
AS_STORED = {
    1: (),
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_90,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_270,),
}


def quarters(width: int = 240, height: int = 320) -> Image.Image:
    """Four colours, so that every turn and flip shows."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 200, 30), (width // 2, 0, width, height // 2))
    image.paste((30, 30, 200), (0, height // 2, width // 2, height))
    image.paste((220, 220, 220), (width // 2, height // 2, width, height))
    return image


def encoded(image: Image.Image, format_: str = "JPEG", **options: object) -> bytes:
    file = BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def far_apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


@pytest.mark.parametrize("orientation", AS_STORED)
def test_exif_orientation_is_honoured(orientation: int) -> None:
    stored = quarters()
    for turn in AS_STORED[orientation]:
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    upright = read_photo(encoded(quarters()), SIDE)
    assert far_apart(read_photo(encoded(stored, exif=exif), SIDE), upright) < 6


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_formats_show_the_same_picture(format_: str) -> None:
    square = read_photo(encoded(quarters(), format_), SIDE)
    assert square.shape == (SIDE, SIDE, 3)
    assert square.dtype == np.uint8
    assert far_apart(square, read_photo(encoded(quarters(), "PNG"), SIDE)) < 6


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16"])
def test_modes_become_rgb(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.asarray(quarters().convert("L")).astype(np.uint16) * 257)
    else:
        image = quarters().convert(mode)
    format_ = "TIFF" if mode == "CMYK" else "PNG"
    assert far_apart(read_photo(encoded(image, format_), SIDE), read_photo(encoded(quarters()), SIDE)) < 90
    assert read_photo(encoded(image, format_), SIDE).shape == (SIDE, SIDE, 3)


def test_transparent_parts_are_white() -> None:
    clear = Image.new("RGBA", (50, 50), (255, 0, 0, 0))
    assert (read_photo(encoded(clear, "PNG"), SIDE) == 255).all()
    assert (read_photo(encoded(clear.convert("P"), "PNG", transparency=0), SIDE) == 255).all()


def test_a_large_photo_looks_like_its_small_copy() -> None:
    large = read_photo(encoded(quarters(3000, 4000)), SIDE)
    assert far_apart(large, read_photo(encoded(quarters()), SIDE)) < 6


def test_the_ends_of_a_long_picture_are_cut_off() -> None:
    long = Image.new("RGB", (1000, 100), "white")
    long.paste("black", (470, 0, 530, 100))
    assert (read_photo(encoded(long, "PNG"), SIDE)[:, 0] > 200).all()
    assert (read_photo(encoded(long, "PNG"), SIDE)[:, SIDE // 2] < 50).all()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        encoded(quarters())[:600],
        encoded(quarters(), "PNG")[:200],
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    ],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadablePhoto):
        read_photo(content, SIDE)


def test_too_many_pixels_are_refused() -> None:
    huge = encoded(Image.new("1", (MAX_PIXELS // 5000 + 1, 5000)), "PNG")
    with pytest.raises(UnreadablePhoto, match="pixels"):
        read_photo(huge, SIDE)
