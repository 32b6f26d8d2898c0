"""GET /api/v1/openapi.json and asyncapi.json: the OpenAPI and AsyncAPI documents of this release."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from functions.runtime import http_function


@http_function("GET /api/v1/openapi.json", "GET /api/v1/asyncapi.json", public=True)
async def documents(request: Request) -> Response:
    """As generated with the release."""
    body = _read(request.scope["path"].rpartition("/")[2])
    return Response(body, headers={"cache-control": "max-age=300"}, media_type="application/json")


@cache
def _read(document: str) -> bytes:
    return files("schemas").joinpath(document).read_bytes()


new = documents.new
