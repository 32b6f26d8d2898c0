"""Documents of this release: OpenAPI and AsyncAPI, written by `make docs`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "data"


@cache
def document(name: str) -> bytes:
    """The document `openapi.json` or `asyncapi.json`."""
    return (FOLDER / name).read_bytes()
