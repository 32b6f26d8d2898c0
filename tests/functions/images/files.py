"""`python -m tests.functions.images.files FOLDER GROUP`: writes files that the decoders are tried with.

Every kind that Pillow can write in every mode it can, every orientation, files that break off anywhere, bombs, many
frames and scans, long and broken metadata. A file is named `<wanted>-<subtype>-<what>`, where wanted is `readable`,
`refused` or `either`, and the subtype that of the announced type. The same files each time.
"""

from __future__ import annotations

import io
import random
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pillow_heif
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

Wanted = Literal["readable", "refused", "either"]
ACCEPTED = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "HEIF": "heic", "MPO": "jpeg"}
MODES = (
    "1",
    "L",
    "LA",
    "La",
    "P",
    "PA",
    "RGB",
    "RGBA",
    "RGBX",
    "CMYK",
    "YCbCr",
    "LAB",
    "HSV",
    "I",
    "I;16",
    "F",
)
NOISE = random.Random(7)


class Sample(NamedTuple):
    """One file; `subtype` of the type it is announced as."""

    wanted: Wanted
    subtype: str
    what: str
    data: bytes


def main() -> None:
    """Write the files of one group."""
    pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None
    folder, group = Path(sys.argv[1]), sys.argv[2]
    for number, sample in enumerate(GROUPS[group]()):
        name = f"{sample.wanted}-{sample.subtype}-{number:03}-{sample.what}"
        (folder / name.replace("/", "_").replace(" ", "_")).write_bytes(sample.data)


def every_kind_and_mode() -> Iterator[Sample]:
    Image.init()
    for kind in sorted(set(Image.SAVE)):
        for mode in MODES:
            try:
                data = encoded(kind, drawn(mode))
            except Exception:
                continue
            wanted: Wanted = "readable" if kind in ACCEPTED else "refused"
            yield Sample(wanted, ACCEPTED.get(kind, "png"), f"{kind} {mode}", data)


def orientations() -> Iterator[Sample]:
    for kind in ("JPEG", "PNG", "WEBP", "HEIF"):
        for turned in (*range(9), 65535):
            told = Image.Exif()
            told[0x0112] = turned
            data = encoded(kind, drawn("RGB"), exif=told.tobytes())
            yield Sample("readable", ACCEPTED[kind], f"{kind} orientation {turned}", data)


def broken_off() -> Iterator[Sample]:
    whole = {f"{kind}": encoded(kind, noise(400, 300)) for kind in ("JPEG", "PNG", "WEBP", "GIF", "HEIF")}
    whole["JPEG progressive"] = encoded("JPEG", noise(400, 300), progressive=True)
    whole["WEBP lossless"] = encoded("WEBP", noise(400, 300), lossless=True)
    for what, data in whole.items():
        subtype = ACCEPTED[what.split()[0]]
        for length in (1, 4, 12, 20, 30, 64, 200, 700, len(data) // 3, len(data) // 2, len(data) - 1):
            yield Sample("either", subtype, f"{what} of {length} bytes", data[:length])
        middle = len(data) // 2
        yield Sample(
            "either", subtype, f"{what} with a hole", data[:middle] + bytes(500) + data[middle + 500 :]
        )
        yield Sample("either", subtype, f"{what} shuffled", data[:100] + NOISE.randbytes(len(data) - 100))
        yield Sample("readable", subtype, f"{what} with more behind", data + b"<script>" * 500)


def bombs() -> Iterator[Sample]:
    for width, height in (
        (1, 40_000_000),
        (40_000_000, 1),
        (20_000, 20_000),
        (65_535, 65_535),
        (2**31 - 1, 2**31 - 1),
    ):
        yield Sample("refused", "png", f"PNG {width}x{height}", empty_png(width, height))
    for kind, size, mode, more in (
        ("PNG", (8000, 4000), "RGBA", {}),
        ("PNG", (8000, 4000), "I;16", {}),
        ("PNG", (20_000, 1600), "P", {}),
        ("PNG", (1600, 20_000), "RGB", {}),
        ("GIF", (6000, 4000), "P", {}),
        ("JPEG", (8000, 6000), "RGB", {}),
        ("JPEG", (4090, 4090), "CMYK", {}),
        ("JPEG", (5000, 5000), "RGB", {"progressive": True}),
        ("WEBP", (3000, 3000), "RGBA", {"lossless": True}),
        ("WEBP", (3000, 3000), "RGB", {}),
        ("HEIF", (5712, 4284), "RGB", {}),
    ):
        data = encoded(kind, Image.new(mode, size), **more)
        yield Sample("readable", ACCEPTED[kind], f"largest {kind} {mode} {size[0]}x{size[1]}", data)
    for kind, size, mode in (
        ("PNG", (8000, 5000), "RGBA"),
        ("GIF", (7000, 4000), "P"),
        ("JPEG", (9000, 6000), "L"),
        ("WEBP", (4000, 3000), "RGB"),
    ):
        data = encoded(kind, Image.new(mode, size))
        yield Sample("refused", ACCEPTED[kind], f"too large {kind} {size[0]}x{size[1]}", data)
    yield Sample("either", "heic", "HEIC with alpha", encoded("HEIF", Image.new("RGBA", (3000, 2000))))
    webp = b"RIFF\x18\0\0\0WEBPVP8L" + struct.pack("<IBI", 12, 0x2F, 7999 | 4999 << 14) + bytes(7)
    yield Sample("refused", "webp", "WebP of 32 bytes", webp)
    yield Sample(
        "refused", "webp", "WebP that lies", announced(encoded("WEBP", drawn("RGB"), xmp=b"x"), 16_384)
    )
    gif = bytearray(encoded("GIF", drawn("P")))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    yield Sample("refused", "gif", "GIF screen of 65535", bytes(gif))
    jpeg = bytearray(encoded("JPEG", drawn("RGB")))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 65_500, 65_500)
    yield Sample("refused", "jpeg", "JPEG of 65500", bytes(jpeg))
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 7000, 7000)
    yield Sample("either", "jpeg", "JPEG that announces 49 megapixels", bytes(jpeg))
    heic = encoded("HEIF", drawn("RGB"))
    at = heic.index(b"ispe")
    for side in (60_000, 4900):
        lying = heic[: at + 8] + struct.pack(">II", side, side) + heic[at + 16 :]
        yield Sample("refused" if side > 5000 else "either", "heic", f"HEIC of {side}", lying)
    for name in (b"iCCP", b"zTXt", b"iTXt"):
        body = b"a\0" + (b"\1\0\0\0" if name == b"iTXt" else b"\0") + zlib.compress(bytes(60_000_000), 9)
        png = encoded("PNG", drawn("RGB"))
        yield Sample(
            "either", "png", f"PNG whose {name.decode()} unfolds", png[:33] + chunk(name, body) + png[33:]
        )


def many_frames_and_scans() -> Iterator[Sample]:
    frames = [noise(120, 90) for _ in range(60)]
    for kind in ("GIF", "WEBP", "PNG"):
        written = io.BytesIO()
        frames[0].save(written, kind, save_all=True, append_images=frames[1:])
        yield Sample("readable", ACCEPTED[kind], f"{kind} of many frames", written.getvalue())
    large = Image.new("P", (4000, 3000))
    written = io.BytesIO()
    large.save(
        written,
        "GIF",
        save_all=True,
        append_images=[Image.new("P", large.size, color) for color in range(1, 20)],
    )
    yield Sample("readable", "gif", "GIF of many large frames", written.getvalue())
    for size, scans in (((600, 400), 60), ((4800, 4800), 60), ((1400, 1400), 99), ((300, 200), 5000)):
        wanted: Wanted = "refused" if scans > 100 else "either"
        yield Sample(wanted, "jpeg", f"JPEG of {scans} scans {size[0]}", scanned(size, scans))


def metadata() -> Iterator[Sample]:
    picture = drawn("RGB")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profiles = {
        "sRGB": srgb,
        "cut": srgb[:200],
        "long": NOISE.randbytes(557_000),
        "noise": NOISE.randbytes(3000),
        "of RGB noise": srgb[:132] + NOISE.randbytes(2000),
        "CMYK": srgb[:16] + b"CMYK" + srgb[20:],
        "huge count": srgb[:128] + b"\xff\xff\xff\xff" + srgb[132:],
    }
    for kind in ("JPEG", "PNG", "WEBP", "HEIF"):
        for what, profile in profiles.items():
            data = encoded(kind, picture, icc_profile=profile)
            yield Sample("readable", ACCEPTED[kind], f"{kind} profile {what}", data)
    loop = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0"
    for what, exif in (("loop", loop), ("noise", b"Exif\0\0" + NOISE.randbytes(900)), ("cut", loop[:20])):
        for kind in ("JPEG", "PNG", "WEBP"):
            yield Sample("readable", ACCEPTED[kind], f"{kind} EXIF {what}", encoded(kind, picture, exif=exif))
    jpeg = encoded("JPEG", picture)
    for what, comments in (("large", [bytes(65_000)] * 140), ("tiny", [b""] * 100_000)):
        segments = b"".join(b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text for text in comments)
        yield Sample("readable", "jpeg", f"JPEG of {what} comments", jpeg[:2] + segments + jpeg[2:])
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "x" * 300_000)
    yield Sample("readable", "png", "PNG of long XMP", encoded("PNG", picture, pnginfo=text))
    yield Sample("readable", "webp", "WebP of long XMP", encoded("WEBP", picture, xmp=b"x" * 420_000))
    png = encoded("PNG", picture)
    many = b"".join(chunk(b"tEXt", b"a\0b") for _ in range(50_000))
    yield Sample("either", "png", "PNG of many chunks", png[:33] + many + png[33:])


def no_pictures() -> Iterator[Sample]:
    yield Sample("refused", "png", "nothing", b"")
    yield Sample("refused", "png", "HTML", b"<html><script>alert(1)</script></html>")
    yield Sample(
        "refused", "webp", "SVG", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"
    )
    yield Sample("refused", "gif", "GIF and HTML", b"GIF89a/*<script>alert(1)</script>*/=1;")
    for subtype, magic in (
        ("jpeg", b"\xff\xd8\xff\xe0"),
        ("png", b"\x89PNG\r\n\x1a\n"),
        ("gif", b"GIF89a"),
        ("webp", b"RIFF\xff\xff\xff\x7fWEBPVP8 "),
        ("heic", b"\0\0\0\x18ftypheic"),
    ):
        for length in (0, 40, 5000, 3_000_000):
            yield Sample(
                "refused", subtype, f"{subtype} and {length} of noise", magic + NOISE.randbytes(length)
            )


def encoded(kind: str, image: Image.Image, **options: Any) -> bytes:
    """`image` as a file of this kind."""
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def drawn(mode: str) -> Image.Image:
    """A small picture in this mode."""
    image = Image.linear_gradient("L").resize((64, 48))
    if mode in ("PA", "La"):
        return image.convert("RGBA" if mode == "PA" else "LA").convert(mode)
    if mode == "LAB":
        return Image.merge("LAB", (image, image, image))
    if mode == "I;16":
        return image.convert("I").point(lambda value: value * 257).convert("I;16")
    return (
        image.convert("RGB").convert(mode)
        if mode in ("HSV", "YCbCr", "CMYK", "RGBX")
        else image.convert(mode)
    )


def noise(width: int, height: int) -> Image.Image:
    """A picture that compresses badly."""
    return Image.frombytes("RGB", (width, height), NOISE.randbytes(3 * width * height))


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def empty_png(width: int, height: int) -> bytes:
    """A PNG of any size that holds next to nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    return start + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")


def announced(webp: bytes, side: int) -> bytes:
    """A WebP whose extended header announces a square of `side`."""
    at = webp.index(b"VP8X") + 12
    return webp[:at] + (side - 1).to_bytes(3, "little") * 2 + webp[at + 6 :]


def scanned(size: tuple[int, int], scans: int) -> bytes:
    """A progressive JPEG that repeats its last scan, which each time goes over all of the picture again."""
    data = encoded("JPEG", noise(64, 64).resize(size), progressive=True, quality=20)
    at = data.rindex(b"\xff\xda")
    end = data.rindex(b"\xff\xd9")
    last = data[at:end]
    room = 9 * 1024 * 1024 - len(data)
    return data[:end] + last * min(scans, max(1, room // len(last))) + data[end:]


GROUPS: dict[str, Callable[[], Iterator[Sample]]] = {
    each.__name__: each
    for each in (
        every_kind_and_mode,
        orientations,
        broken_off,
        bombs,
        many_frames_and_scans,
        metadata,
        no_pictures,
    )
}
"""Name → its files."""

if __name__ == "__main__":
    main()
