"""Shows the drawing of a character."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from functions.character.pictures import drawings
from functions.runtime import NotFound, http_function

KEPT = {"cache-control": "public, max-age=86400"}
SAFE = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}


@http_function(
    "GET /api/v1/images/character/{file}",
    public=True,
    answers={200: "image/svg+xml", 304: None},
    problems=("IMAGE_NOT_FOUND",),
)
async def picture(file: str, request: Request) -> Response:
    """The drawing `<code>.svg`, or 304. Raises NotFound."""
    found = drawings().get(file)
    if found is None:
        raise NotFound("IMAGE_NOT_FOUND", "There is no such character; the catalogue has their addresses.")
    headers = {"etag": found.tag, **KEPT, **SAFE}
    if found.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(found.svg, headers=headers, media_type="image/svg+xml")


new = picture.new
