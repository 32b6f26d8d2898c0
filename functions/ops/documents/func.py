"""Serves the OpenAPI and AsyncAPI documents of this release."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from functions.runtime import http_function

FOLDER = Path(__file__).parent


@http_function("GET /api/v1/openapi.json", "GET /api/v1/asyncapi.json", public=True)
async def documents(request: Request) -> Response:
    """The document, as generated with the release."""
    body = _read(request.scope["path"].rpartition("/")[2])
    return Response(body, headers={"cache-control": "max-age=300"}, media_type="application/json")


@cache
def _read(document: str) -> bytes:
    return (FOLDER / document).read_bytes()


new = documents.new
