"""Serves the references for people: of the API and of events, drawn from their documents."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from functions.ops import release
from functions.runtime import NotFound, http_function

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@http_function(
    "GET /api/v1/docs",
    "GET /api/v1/docs/{file}",
    public=True,
    answers={200: "text/html", 304: None},
    problems=("ROUTE_NOT_FOUND",),
)
async def reference(request: Request, file: str = release.PAGE) -> Response:
    """A page, whole in itself and without a script. Raises NotFound."""
    asked = request.headers
    found = release.page(file, packed="gzip" in asked.get("accept-encoding", ""))
    if found is None:
        raise NotFound("ROUTE_NOT_FOUND", "The reference has no such page.")
    headers = {
        "cache-control": "max-age=300",
        "etag": found.tag,
        "content-security-policy": POLICY,
        **found.headers,
    }
    if found.tag in asked.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(found.body, headers=headers, media_type="text/html")


new = reference.new
