"""GET /api/v1/openapi.json and asyncapi.json: the OpenAPI and AsyncAPI documents of this release."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import schemas
from functions.runtime import Reply, Request, http_function

FOLDER = Path(schemas.__path__[0])


@http_function("GET /api/v1/openapi.json", "GET /api/v1/asyncapi.json", public=True)
async def documents(request: Request) -> Reply:
    """As generated with the release."""
    body = _read(request.path.rpartition("/")[2])
    return Reply(200, body, {"content-type": "application/json", "cache-control": "max-age=300"})


@cache
def _read(document: str) -> bytes:
    return (FOLDER / document).read_bytes()


new = documents.new
