"""Problem details (RFC 9457): the one shape in which errors leave us."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic_core import to_json

from functions.runtime.errors import FunctionError
from functions.runtime.reply import Reply

CONTENT_TYPE = "application/problem+json"


def problem(error: FunctionError, *, instance: str, request_id: str) -> Reply:
    """The reply for an error; `instance` is the request's path."""
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
    return Reply(error.status, to_json(body), {"content-type": CONTENT_TYPE, **error.headers})
