"""Problem details (RFC 9457), the one shape of errors in answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from functions.runtime.errors import FunctionError

CONTENT_TYPE = "application/problem+json"


def problem(error: FunctionError, request: Request) -> Response:
    """The response for an error."""
    body: dict[str, Any] = {
        "type": f"urn:eco2:problem:{error.code.lower().replace('_', '-')}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
        "instance": request.scope["path"],
        "code": error.code,
        "request_id": request.headers.get("x-request-id", ""),
        **error.extra,
    }
    if error.errors:
        body["errors"] = list(error.errors)
    return Response(to_json(body), error.status, error.headers, CONTENT_TYPE)
