"""Documents of this release: OpenAPI and AsyncAPI, written by `make docs`, and the pages that draw them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "data"
PAGE, SCRIPT = "index.html", "redoc.js"
PAGES = {PAGE: PAGE, "events": "events.html"}
"""As each is asked for → its file."""
_PACKED: Mapping[str, str] = {"content-encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page: its bytes as they are sent, type, entity tag, and the headers that go with it."""

    body: bytes
    type: str
    tag: str
    headers: Mapping[str, str]


@cache
def document(name: str) -> bytes:
    """The document `openapi.json` or `asyncapi.json`."""
    return (FOLDER / name).read_bytes()


@cache
def page_file(name: str, *, packed: bool) -> PageFile | None:
    """A page or the script, which is kept packed; None for other names."""
    if name in PAGES:
        body = (FOLDER / "reference" / PAGES[name]).read_bytes()
        return PageFile(body, "text/html; charset=utf-8", _tag(body), {})
    if name == SCRIPT:
        kept = (FOLDER / "reference" / f"{SCRIPT}.gz").read_bytes()
        body = kept if packed else gzip.decompress(kept)
        return PageFile(body, "text/javascript; charset=utf-8", _tag(body), _PACKED if packed else {})
    return None


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:20]}"'
