"""Serves the console: a page to try the platform and to watch it work."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from functions.console import site
from functions.console.settings import ConsoleSettings
from functions.runtime import NotFound, Resources, http_function


@http_function("GET /", "GET /console/{version}/{file}", public=True)
async def page(request: Request, resources: Resources, version: str = "", file: str = site.PAGE) -> Response:
    """The page, or one of its files under the digest of this release. Raises NotFound."""
    found = site.files().get(file)
    if found is None or (file == site.PAGE) != (not version):
        raise NotFound("ROUTE_NOT_FOUND", "The console has no such file.")
    kept = site.FOR_EVER if version == site.digest() else site.ASK_AGAIN
    headers = {"etag": found.tag, "cache-control": kept, "vary": "accept-encoding"}
    if file == site.PAGE:
        settings = resources.settings(ConsoleSettings)
        headers["content-security-policy"] = site.policy((settings.objects_url, settings.cdn_url))
    if found.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if found.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, headers={**headers, "content-encoding": "gzip"}, media_type=found.type)
    return Response(found.body, headers=headers, media_type=found.type)


new = page.new
