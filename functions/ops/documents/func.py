"""Serves the OpenAPI and AsyncAPI documents of this release."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from functions.ops.release import document
from functions.runtime import http_function


@http_function(
    "GET /api/v1/openapi.json", "GET /api/v1/asyncapi.json", public=True, answers={200: dict[str, Any]}
)
async def documents(request: Request) -> Response:
    """The document, as generated with the release."""
    body = document(request.scope["path"].rpartition("/")[2])
    return Response(body, headers={"cache-control": "max-age=300"}, media_type="application/json")


new = documents.new
