"""An uploaded picture as the square the model looks at."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

# The raster formats phones and browsers write; Pillow also opens formats that start other programs.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
MAX_PIXELS = 50_000_000
_LONGEST = 1.5  # long side over short; beyond it the ends are cut off, for squeezed items are not recognised
_ORIENTATION = 0x0112


class UnreadablePhoto(ValueError):
    """No picture in a known format, damaged, of more than MAX_PIXELS, or nothing to be recognised in it."""


def _opaque(image: Image) -> Image:
    """RGB; transparent parts become the white of a studio board."""
    from PIL import Image as Pillow

    if image.mode.startswith(("I", "F")):  # 16-bit and wider greys, which Pillow would cut off at 255
        low, high = image.getextrema()
        span = max(float(high) - float(low), 1.0)  # type: ignore[arg-type]
        image = image.convert("F").point(lambda value: (value - float(low)) * (255 / span))  # type: ignore[arg-type]
        return image.convert("L").convert("RGB")
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Pillow.new("RGBA", image.size, "white")
        return Pillow.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _middle(width: int, height: int) -> tuple[float, float, float, float]:
    across, down = min(width, height * _LONGEST), min(height, width * _LONGEST)
    return (width - across) / 2, (height - down) / 2, (width + across) / 2, (height + down) / 2


def read_photo(image: bytes, side: int) -> NDArray[np.uint8]:
    """The picture upright, squeezed to (side, side, 3) RGB. Raises UnreadablePhoto."""
    import numpy as np

    # With `formats` given, Pillow knows only the plugins imported so far.
    from PIL import (  # noqa: F401
        AvifImagePlugin,
        BmpImagePlugin,
        GifImagePlugin,
        Image,
        JpegImagePlugin,
        PngImagePlugin,
        PpmImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    turns = {
        2: (Image.Transpose.FLIP_LEFT_RIGHT,),
        3: (Image.Transpose.ROTATE_180,),
        4: (Image.Transpose.FLIP_TOP_BOTTOM,),
        5: (Image.Transpose.TRANSPOSE,),
        6: (Image.Transpose.ROTATE_270,),
        7: (Image.Transpose.TRANSVERSE,),
        8: (Image.Transpose.ROTATE_90,),
    }
    try:
        with Image.open(BytesIO(image), formats=FORMATS) as photo:
            if photo.width * photo.height > MAX_PIXELS:
                raise UnreadablePhoto(f"{photo.width}×{photo.height} pixels; at most {MAX_PIXELS}")
            photo.draft("RGB", (2 * side, 2 * side))  # a JPEG is decoded at the size needed, not in full
            orientation = photo.getexif().get(_ORIENTATION, 1)
            opaque = _opaque(photo)
            square = opaque.resize(
                (side, side), Image.Resampling.BILINEAR, box=_middle(*opaque.size), reducing_gap=2.0
            )
    except UnreadablePhoto:
        raise
    except Exception as error:  # decoders raise whatever damaged bytes lead them to
        raise UnreadablePhoto(f"no readable picture: {error}") from error
    for turn in turns.get(orientation, ()):  # a square turns like the photo, at a fraction of the work
        square = square.transpose(turn)
    return np.asarray(square)
