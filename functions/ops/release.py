"""Documents of this release: OpenAPI and AsyncAPI and the pages that draw them, all written by `make docs`."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "data"
PAGE = "index"
PAGES = (PAGE, "events")


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its bytes as they are sent, entity tag, and the headers that go with it."""

    body: bytes
    tag: str
    headers: Mapping[str, str]


@cache
def document(name: str) -> bytes:
    """The document `openapi.json` or `asyncapi.json`."""
    return (FOLDER / name).read_bytes()


@cache
def page(name: str, *, packed: bool) -> Page | None:
    """The reference of that name; None for other names."""
    if name not in PAGES:
        return None
    body = (FOLDER / f"reference/{name}.html").read_bytes()
    if packed:
        body = gzip.compress(body, mtime=0)
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return Page(body, tag, {"vary": "accept-encoding", **({"content-encoding": "gzip"} if packed else {})})
