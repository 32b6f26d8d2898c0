"""A picture as models take it: a JPEG of moderate size, upright, without metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from functions.images.errors import ImageRejected

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY: Final = 85
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
_ORIENTATION: Final = 0x0112
_HEIC: Final = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})


@dataclass(frozen=True, slots=True)
class FetchedImage:
    """`jpeg` holds no metadata; `width` and `height` in pixels."""

    jpeg: bytes
    width: int
    height: int


def plain(data: bytes, longest_side: int) -> FetchedImage | None:
    """`data` itself, if it is a small JPEG without any metadata; None if it needs `redrawn`.

    Costs microseconds instead of the milliseconds of decoding: such pictures come from our own client.
    Source: ITU T.81 annex B (markers). Every segment must be one a bare JPEG needs.
    """
    if data[:2] != b"\xff\xd8" or data[-2:] != b"\xff\xd9":
        return None
    at, size = 2, None
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:  # the scan: from here on it is coefficients
            return FetchedImage(data, *size) if size and max(size) <= longest_side else None
        if marker in {0xC0, 0xC2}:
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


def redrawn(data: bytes, *, max_pixels: int, longest_side: int) -> FetchedImage:
    """Decode, turn upright, shrink to `longest_side`, encode as JPEG. Blocks: run it in a thread.

    Raises ImageRejected: IMAGE_TOO_LARGE for too many pixels (before they are decoded),
    IMAGE_UNREADABLE for what is no whole JPEG, PNG, WebP or GIF. Of an animation, the first frame.
    """
    from io import BytesIO

    from PIL import Image, ImageOps

    if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        raise ImageRejected("IMAGE_UNREADABLE", "HEIC and AVIF are not taken; send JPEG, PNG, WebP or GIF")
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise _too_many(width * height, max_pixels)
            # For JPEG: let the decoder itself skip the resolution we would throw away.
            image.draft(None, (longest_side, longest_side))
            turned = _orientation(image)
            image.load()
            picture = _opaque(image)
        picture.thumbnail((longest_side, longest_side), Image.Resampling.BILINEAR, reducing_gap=2.0)
        if turned != 1:
            picture.getexif()[_ORIENTATION] = turned
            picture = ImageOps.exif_transpose(picture)
        written = BytesIO()
        picture.info.clear()  # what the encoder would carry over: comment, colour profile, EXIF
        picture.save(written, "JPEG", quality=QUALITY, exif=b"")
    except ImageRejected:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many(0, max_pixels) from error
    except Exception as error:
        # Decoders fail with whatever a broken file leads them to: OSError, SyntaxError, struct.error, …
        raise ImageRejected(
            "IMAGE_UNREADABLE", "no whole JPEG, PNG, WebP or GIF: the file is broken or of another kind"
        ) from error
    return FetchedImage(written.getvalue(), *picture.size)


def _too_many(pixels: int, allowed: int) -> ImageRejected:
    told = f"{pixels / 1e6:.0f} megapixels" if pixels else "far too many pixels"
    return ImageRejected("IMAGE_TOO_LARGE", f"the picture has {told}; {allowed / 1e6:.0f} are allowed")


def _orientation(image: Image) -> int:
    """1..8 of EXIF; 1 (upright) when there is none that can be read."""
    try:
        turned = image.getexif().get(_ORIENTATION, 1)
    except Exception:
        return 1
    return turned if turned in range(1, 9) else 1


def _opaque(image: Image) -> Image:
    """In RGB; what shines through becomes white."""
    from PIL import Image as Images

    if image.has_transparency_data:
        layered = image.convert("RGBA")
        ground = Images.new("RGB", layered.size, "white")
        ground.paste(layered, mask=layered.getchannel("A"))
        return ground
    return image.convert("RGB")
