"""Gives the caller all that is held of them, in every domain."""

from __future__ import annotations

from typing import Any

from starlette.responses import StreamingResponse

from functions.runtime import User, http_function
from functions.users.exports import Exports


@http_function("GET /api/v1/users/me/export", rate_limit="6/60", answers={200: dict[str, Any]})
async def export(user: User, exports: Exports) -> StreamingResponse:
    """All that is held of the caller, as one JSON document with an array for each kind of thing."""
    await exports.ready(user)
    return StreamingResponse(exports.document(user), media_type="application/json", headers=HEADERS)


HEADERS = {
    "content-disposition": 'attachment; filename="eco2-export.json"',
    "cache-control": "no-store",
}

new = export.new
