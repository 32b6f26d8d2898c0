"""The object store over HTTP: S3's requests for single objects, and S3's XML for errors.

Paths are answered below `prefix`, which is part of the path that the signer signed, so that the store can live behind
the edge's own port: one address to print, to forward and to allow. What pages may read is the edge's to say.
"""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import unquote
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from embedded.objects.errors import ObjectRefused
from embedded.objects.signature import Key
from embedded.objects.store import ObjectStore, checked, too_large

CONTENT_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/heic"})
_ALLOWED = "PUT, GET, HEAD, DELETE"
_KEPT = {
    "cache-control": "public, max-age=31536000, immutable",
    # Strangers' bytes on the API's own origin must never run there.
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
}
_log = logging.getLogger("eco2.objects")


def application(store: ObjectStore, key: Key, prefix: str) -> Starlette:
    """The store behind presigned URLs of `key`."""

    def name(request: Request) -> str:
        return checked(unquote(raw_path(request)).removeprefix(f"{prefix}/"))

    async def put(request: Request) -> Response:
        where = name(request)
        signed = key.check("PUT", raw_path(request), request.url.query, request.headers)
        content_type = _content_type(request, signed)
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > store.max_bytes:
            raise too_large(store.max_bytes)
        if request.headers.get("if-none-match") == "*" and store.path(where).exists():
            raise ObjectRefused("PreconditionFailed", "The object is there already.", 412)
        etag = await store.put(where, content_type, request.stream())
        return Response(headers={"etag": f'"{etag}"'})

    async def get(request: Request) -> Response:
        found = await asyncio.to_thread(store.find, name(request))
        headers = {"etag": f'"{found.etag}"', **_KEPT}
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if not found.stat.st_size:  # a range of nothing would be an error
            return Response(headers=headers, media_type=found.content_type)
        return FileResponse(
            found.path, headers=headers, media_type=found.content_type, stat_result=found.stat
        )

    async def delete(request: Request) -> Response:
        where = name(request)
        key.check("DELETE", raw_path(request), request.url.query, request.headers)
        await asyncio.to_thread(store.delete, where)
        return Response(status_code=204)

    async def ready(_request: Request) -> Response:
        return Response('{"status":"ready"}', media_type="application/json")

    path = f"{prefix}/{{name:path}}"
    return Starlette(
        routes=[
            Route("/health/ready", ready),
            Route(path, put, methods=["PUT"]),
            Route(path, get, methods=["GET"]),
            Route(path, delete, methods=["DELETE"]),
        ],
        exception_handlers={
            ObjectRefused: _refused,
            HTTPException: _not_served,
            ClientDisconnect: _broken_off,
            OSError: _failed,
        },
    )


def raw_path(request: Request) -> str:
    """The path as it was sent, still percent-encoded."""
    sent: bytes = request.scope["raw_path"]
    return sent.decode("latin-1")


def _content_type(request: Request, signed: frozenset[str]) -> str:
    content_type = request.headers.get("content-type", "")
    if "content-type" not in signed:
        raise ObjectRefused("AccessDenied", "The presigned URL must cover Content-Type.")
    if content_type not in CONTENT_TYPES:
        raise ObjectRefused("InvalidArgument", f"Only {', '.join(sorted(CONTENT_TYPES))} can be stored.", 415)
    return content_type


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, ObjectRefused)
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        f"<Resource>{escape(raw_path(request))}</Resource></Error>"
    )
    headers = {"allow": _ALLOWED} if refusal.status == 405 else None
    return Response(document, refusal.status, headers, "application/xml")


async def _not_served(request: Request, error: Exception) -> Response:
    if getattr(error, "status_code", 404) == 405:
        refusal = ObjectRefused("MethodNotAllowed", "Use presigned PUT or DELETE, or GET or HEAD.", 405)
    else:
        refusal = ObjectRefused("InvalidURI", "The path must be /<bucket>/<key> of plain names.", 400)
    return await _refused(request, refusal)


async def _broken_off(request: Request, _error: Exception) -> Response:
    return await _refused(
        request, ObjectRefused("IncompleteBody", "The connection closed before the body was complete.", 400)
    )


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)
    _log.error("%s of an object: %s", request.method, error.strerror)
    refusal = ObjectRefused("ServiceUnavailable", "The object can't be stored or read now; try again.", 503)
    return await _refused(request, refusal)
