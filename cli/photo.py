"""The photo on the command line, checked before anything is sent."""

from __future__ import annotations

from pathlib import Path

from cli.errors import CliError
from cli.words import say

MAX_BYTES = 10 * 1024 * 1024
_HEIC = (b"heic", b"heix", b"mif1", b"msf1", b"hevc")


def read(path: Path) -> tuple[bytes, str]:
    """The photo's content and its content type, by content. Raises CliError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CliError(
            say("{path} can't be read ({reason})", path=path, reason=error.strerror),
            say("give the path of a photo"),
        ) from None
    if len(content) > MAX_BYTES:
        raise CliError(
            say("{path} has {size:.1f} MB", path=path, size=len(content) / 1e6),
            say("at most 10 MiB can be uploaded"),
        )
    kind = content_type(content)
    if kind is None:
        raise CliError(
            say("{path} is not an image", path=path), say("give a JPEG, PNG, WebP, GIF or HEIC photo")
        )
    return content, kind


def content_type(content: bytes) -> str | None:
    """The image type that the first bytes tell, None when they tell none."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return "image/heic"
    return None
