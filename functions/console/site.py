"""The console's files as they are served: named by a digest of them all, packed once, with a policy for the page.

A file under the digest of this release never changes and is kept for a year; the page itself, which names the digest,
is asked for again each time and answered with 304.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

ASSETS = Path(__file__).parent / "assets"
PAGE = "index.html"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class SiteFile:
    """One file: its bytes, plain and packed (None where packing gains nothing), type and entity tag."""

    body: bytes
    packed: bytes | None
    type: str
    tag: str

    @classmethod
    def of(cls, name: str, body: bytes) -> SiteFile:
        """The file of that name."""
        packed = gzip.compress(body, 9, mtime=0)
        gain = len(packed) < len(body) * 0.9
        tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        return cls(body, packed if gain else None, TYPES[Path(name).suffix], tag)


@cache
def files() -> Mapping[str, SiteFile]:
    """Name → file; the page with the addresses of the others in it."""
    bodies = {path.name: path.read_bytes() for path in sorted(ASSETS.iterdir()) if path.suffix in TYPES}
    bodies[PAGE] = bodies[PAGE].replace(b"{assets}", f"/console/{digest()}".encode())
    return {name: SiteFile.of(name, body) for name, body in bodies.items()}


@cache
def digest() -> str:
    """The digest of all files, which is part of their addresses."""
    found = hashlib.sha256()
    for path in sorted(ASSETS.iterdir()):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def policy(pictures: Iterable[str]) -> str:
    """The content security policy of the page: what is its own, and pictures at the origins of these addresses."""
    known = dict.fromkeys(f"{at.scheme}://{at.netloc}" for at in map(urlsplit, pictures) if at.netloc)
    origins = "".join(f" {origin}" for origin in known)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' blob: data:{origins}",
            "media-src 'self' blob:",
            f"connect-src 'self'{origins}",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
