"""A picture as models take it: a JPEG of moderate size, upright, without metadata."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from functions.images.header import unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

QUALITY: Final = 85
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
_ORIENTATION: Final = 0x0112
_BAND_PIXELS: Final = 1_000_000
_AMPLE: Final = 2048
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7]")
"""The first of them ends a scan: within it 0xFF is followed by 0 or is a restart (ITU T.81, B.1.1)."""
_LARGEST_PROFILE: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FetchedImage:
    """`jpeg` holds no metadata; sizes in pixels; `original`: of the file that it was made of, upright."""

    jpeg: bytes
    width: int
    height: int
    original: tuple[int, int]


def plain(data: bytes, longest_side: int) -> FetchedImage | None:
    """`data` itself, if it is a small JPEG without any metadata; None if it needs `redrawn`.

    Costs microseconds instead of the milliseconds of decoding: such pictures come from our own client.
    Source: ITU T.81 annex B (markers). Every segment must be one a bare JPEG needs.
    """
    if data[:2] != b"\xff\xd8" or data[-2:] != b"\xff\xd9":
        return None
    at = 2
    size: tuple[int, int] | None = None
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:  # the scan: from here on it is coefficients, up to the end of the file
            if size is None or max(size) > longest_side or not _ends_with_scan(data, at + 2 + length):
                return None
            return FetchedImage(data, *size, size)
        if marker == 0xC0:  # not progressive, whose scans can cost any amount of time
            height, width = (
                int.from_bytes(data[at + 5 : at + 7], "big"),
                int.from_bytes(data[at + 7 : at + 9], "big"),
            )
            components = data[at + 9] if at + 9 < len(data) else 0
            if not (width and height and components in {1, 3}):
                return None
            size = (width, height)
        # JFIF without a thumbnail, quantization, Huffman and restart tables; anything else might tell tales
        elif not (marker in {0xDB, 0xC4, 0xDD} or (marker == 0xE0 and length == 16)):
            return None
        at += 2 + length
    return None


def _ends_with_scan(data: bytes, start: int) -> bool:
    """Whether the file ends where its first scan does: behind it there may be metadata, a second picture, a page."""
    found = _MARKER.search(data, start)
    return found is not None and found.start() == len(data) - 2


def redrawn(data: bytes, *, longest_side: int) -> FetchedImage:
    """Decode, turn upright, shrink to `longest_side`, encode as JPEG; of an animation the first frame.

    Blocks, and takes as much memory as the picture has: `decoding` runs it where that is bounded. Raises ImageRejected
    (IMAGE_UNREADABLE) for what is no whole JPEG, PNG, WebP, GIF or HEIC.
    """
    from io import BytesIO

    from PIL import Image, ImageOps

    try:
        found = _heic(data, longest_side) if data[4:8] == b"ftyp" else _other(data, longest_side)
        picture = found.reduced
        picture.thumbnail((longest_side, longest_side), Image.Resampling.BILINEAR)
        picture = in_srgb(picture, found.profile)
        if found.turned != 1:
            picture.getexif()[_ORIENTATION] = found.turned
            picture = ImageOps.exif_transpose(picture)
        written = BytesIO()
        picture.info.clear()  # what the encoder would carry over: comment, colour profile, EXIF
        picture.save(written, "JPEG", quality=QUALITY, exif=b"")
    except Exception as error:
        # Decoders fail with whatever a broken file leads them to: OSError, SyntaxError, struct.error, …
        if "memory" in str(error).lower():  # libheif says it in words
            raise MemoryError from error
        raise unreadable() from error
    width, height = found.size
    shown = (height, width) if found.turned >= 5 else (width, height)
    return FetchedImage(written.getvalue(), *picture.size, shown)


@dataclass(frozen=True, slots=True)
class _Decoded:
    """`reduced` in RGB, about as large as is wanted; size, colour profile and orientation (`turned`) of the file."""

    reduced: Image
    size: tuple[int, int]
    profile: object
    turned: int = 1


def _other(data: bytes, longest_side: int) -> _Decoded:
    """Of a JPEG, PNG, WebP or GIF. The whole picture's memory is free when this returns."""
    from io import BytesIO

    from PIL import Image as Images

    with Images.open(BytesIO(data), formats=_FORMATS) as image:
        size, profile = image.size, image.info.get("icc_profile")
        # For JPEG: let the decoder itself skip the resolution we would throw away.
        image.draft(None, (longest_side, longest_side))
        image.load()
        # What turns a PNG may stand behind its pixels.
        return _Decoded(_reduced(image, _enough(longest_side)), size, profile, orientation(image))


def _heic(data: bytes, longest_side: int) -> _Decoded:
    """Of an HEIC, without Pillow's own copy of all its pixels; libheif has turned it."""
    from PIL import Image as Images
    from pillow_heif import open_heif

    opened = open_heif(data)
    pixels, (width, _), mode = memoryview(opened.data), opened.size, opened.mode

    def band(top: int, bottom: int) -> Image:
        rows = bytes(pixels[top * opened.stride : bottom * opened.stride])
        return _opaque(
            Images.frombuffer(mode, (width, bottom - top), rows, "raw", mode, opened.stride, 1), None
        )

    reduced = _shrunk(opened.size, band, _enough(longest_side))
    return _Decoded(reduced, opened.size, opened.info.get("icc_profile"))


def _enough(longest_side: int) -> int:
    """Twice what is wanted resamples well; for a large one as much as is wanted, since memory is bounded."""
    return min(2 * longest_side, max(longest_side, _AMPLE))


def in_srgb(picture: Image, profile: object) -> Image:
    """The picture in the colours that readers assume where there is no profile; one that is broken is not followed."""
    if not isinstance(profile, bytes) or len(profile) > _LARGEST_PROFILE or profile[16:20] != b"RGB ":
        return picture
    from io import BytesIO

    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return picture
        ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), inPlace=True)
    except (ImageCms.PyCMSError, OSError, ValueError):
        pass
    return picture


def orientation(image: Image) -> int:
    """The orientation by EXIF, 1 to 8; 1 (upright) when there is none that can be read."""
    try:
        turned = image.getexif().get(_ORIENTATION, 1)
    except Exception:
        return 1
    return turned if turned in range(1, 9) else 1


def _reduced(image: Image, longest_side: int) -> Image:
    levels = _levels(image)
    width, height = image.size
    return _shrunk(
        (width, height),
        lambda top, bottom: _opaque(image.crop((0, top, width, bottom)), levels),
        longest_side,
    )


def _shrunk(size: tuple[int, int], band: Callable[[int, int], Image], longest_side: int) -> Image:
    """The picture not smaller than `longest_side` where it is larger; `band` gives its rows from top to bottom in RGB.

    Converting a whole picture would take its memory a second time.
    """
    from PIL import Image as Images

    width, height = size
    factor = max(1, max(size) // longest_side)
    rows = max(1, _BAND_PIXELS // (width * factor)) * factor
    shrunk = Images.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        shrunk.paste(band(top, min(top + rows, height)).reduce(factor), (0, top // factor))
    return shrunk


def _levels(image: Image) -> tuple[float, float] | None:
    """Darkest and lightest of a grey picture of more than 8 bits, None for all others."""
    if not image.mode.startswith(("I", "F")):
        return None
    low, high = image.getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    # 16 bits are scaled as they are meant; what has no range of its own by what is in it.
    return (0.0, 65_535.0) if image.mode.startswith("I;16") else (float(low), float(max(high, low + 1)))


def _opaque(image: Image, levels: tuple[float, float] | None) -> Image:
    """The picture in RGB; what shines through becomes white, greys of more than 8 bits are scaled to 8."""
    from PIL import Image as Images

    if levels:
        low, high = levels
        scale = 255 / (high - low)
        return image.convert("F").point(lambda value: value * scale - low * scale).convert("L").convert("RGB")
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        ground = Images.new("RGB", layered.size, "white")
        ground.paste(layered, mask=layered.getchannel("A"))
        return ground
    return image.convert("RGB")
