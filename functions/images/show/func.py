"""Shows the public copy of a picture, and makes it when it is asked for the first time."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from functions.images.copies import CopyName, PublicCopies
from functions.images.uploads import Channel
from functions.runtime import http_function

ASKED = ("range", "if-range", "if-none-match")
TOLD = ("content-type", "content-range", "accept-ranges", "etag", "cache-control", "content-disposition")
SAFE = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}


@http_function(
    "GET /api/v1/images/{channel}/{file}",
    public=True,
    timeout=20,
    answers={200: "image/jpeg", 206: "image/jpeg", 304: None},
    problems=("IMAGE_NOT_FOUND", "IMAGE_TOO_LARGE", "IMAGE_UNREADABLE", "IMAGE_UNAVAILABLE"),
)
async def show(channel: Channel, file: str, request: Request, copies: PublicCopies) -> Response:
    """The copy as JPEG, `<uuid>.jpg`, or its thumbnail, `<uuid>_320.jpg`: whole, a range, or 304.

    Raises NotFound (also before the picture is there) or Invalid (what is there is no picture).
    """
    asked = {name: value for name in ASKED if (value := request.headers.get(name))}
    found = await copies.read(CopyName.parse(channel, file), asked)
    told = {name: value for name in TOLD if (value := found.headers.get(name))}
    return Response(found.body, found.status, {**told, **SAFE})


new = show.new
