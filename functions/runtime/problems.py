"""Problem details (RFC 9457): the one shape in which errors leave us."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from functions.runtime.errors import FunctionError

CONTENT_TYPE = "application/problem+json"


def problem(error: FunctionError, *, instance: str, request_id: str) -> Response:
    """The response for an error; `instance` is the request's path."""
    body: dict[str, Any] = {
        "type": f"urn:eco2:problem:{error.code.lower().replace('_', '-')}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
        "code": error.code,
        "request_id": request_id,
        **error.extra,
    }
    if error.errors:
        body["errors"] = list(error.errors)
    return Response(to_json(body), error.status, error.headers, CONTENT_TYPE)
