"""The object store over HTTP: S3's requests for single objects, and S3's XML for errors.

Paths are answered below `prefix`, which is part of the path that the signer signed, so that the store can live behind
the edge's own port: one address to print, to forward and to allow. What pages may read is the edge's to say. As by a
bucket's policy, anyone may read what lies below `public/`; everything else takes a presigned URL.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import AsyncIterator
from urllib.parse import unquote
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from embedded.objects.errors import ObjectRefused
from embedded.objects.signature import Key
from embedded.objects.store import ObjectStore, already_there, checked, disk_full, too_large

CONTENT_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/heic"})
PUBLIC = "public/"
SILENCE_S = 15.0
"""Between two pieces of an upload."""
UPLOAD_S = 120.0
"""For a whole upload: what the edge gives it, too."""
UPLOADS = 64
"""At once; each may hold a piece in memory."""
_ALLOWED = "PUT, GET, HEAD, DELETE"
_KEPT = ("content-type", "cache-control", "content-disposition")
_SAFE = {
    # Strangers' bytes on the API's own origin must never run there.
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
}
_PRIVATE = {"cache-control": "private, no-store", "content-disposition": "attachment"}
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_log = logging.getLogger("eco2.objects")


def application(
    store: ObjectStore,
    key: Key,
    prefix: str,
    *,
    missing: str = "",
    silence_s: float = SILENCE_S,
    uploads: int = UPLOADS,
) -> Starlette:
    """The store behind presigned URLs of `key`.

    missing: the path whose `<missing>/<rest>` is asked for a public object `public/<rest>` that is not there, as a
    redirect rule of S3 or an origin group of CloudFront would do; empty: 404. silence_s, uploads: bounds of tests.
    """
    free = asyncio.Semaphore(uploads)

    def name(request: Request) -> str:
        return checked(unquote(raw_path(request)).removeprefix(f"{prefix}/"))

    def allowed(request: Request) -> frozenset[str]:
        return key.check(request.method, raw_path(request), request.url.query, request.headers)

    async def put(request: Request) -> Response:
        where = name(request)
        headers = _headers(request, allowed(request))
        length = request.headers.get("content-length", "")
        if length.isascii() and length.isdecimal() and int(length) > store.max_bytes:
            raise too_large(store.max_bytes)
        once = request.headers.get("if-none-match") == "*"
        if once and await asyncio.to_thread(_is_there, store, where):
            raise already_there()
        if free.locked():
            raise ObjectRefused("SlowDown", "Too many uploads at once; try again.", 503)
        async with free:
            try:
                async with asyncio.timeout(UPLOAD_S):
                    etag = await store.put(where, headers, _pieces(request, silence_s), once=once)
            except TimeoutError:
                raise ObjectRefused(
                    "RequestTimeout", "The upload came too slowly; send it again.", 408
                ) from None
        return Response(headers={"etag": f'"{etag}"'})

    async def get(request: Request) -> Response:
        where = name(request)
        public = where.partition("/")[2].startswith(PUBLIC)
        signed = "x-amz-signature" in request.url.query.lower()
        if signed or not public:
            allowed(request)
        try:
            found = await asyncio.to_thread(store.find, where)
        except ObjectRefused:
            # Who signs asks for this object, and some only for what is there (RFC 9111, 5.2.1.7).
            if signed or not missing or "only-if-cached" in request.headers.get("cache-control", ""):
                raise
            rest = where.partition("/")[2].removeprefix(PUBLIC)
            # Whole, because Envoy follows no other.
            scheme = request.headers.get("x-forwarded-proto", "http")
            elsewhere = f"{scheme}://{request.headers.get('host', '')}{missing}/{rest}"
            return Response(status_code=307, headers={"location": elsewhere, "cache-control": "no-store"})
        kept = {name: told for name, told in found.headers.items() if signed or name in _KEPT}
        headers = {**({} if public else _PRIVATE), **kept, **_SAFE, "etag": f'"{found.etag}"'}
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if not found.stat.st_size:  # a range of nothing would be an error
            return Response(headers=headers)
        return FileResponse(
            found.path, headers=headers, media_type=headers["content-type"], stat_result=found.stat
        )

    async def delete(request: Request) -> Response:
        where = name(request)
        allowed(request)
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


def _is_there(store: ObjectStore, name: str) -> bool:
    try:
        store.find(name)
    except ObjectRefused:
        return False
    return True


async def _pieces(request: Request, silence_s: float) -> AsyncIterator[bytes]:
    """The body, as long as it keeps coming. Raises TimeoutError."""
    stream = aiter(request.stream())
    while True:
        async with asyncio.timeout(silence_s):
            piece = await anext(stream, None)
        if piece is None:
            return
        yield piece


def _headers(request: Request, signed: frozenset[str]) -> dict[str, str]:
    """What is kept of the request's headers: only what its signer said."""
    content_type = request.headers.get("content-type", "")
    if "content-type" not in signed:
        raise ObjectRefused("AccessDenied", "The presigned URL must cover Content-Type.")
    if content_type not in CONTENT_TYPES:
        raise ObjectRefused("InvalidArgument", f"Only {', '.join(sorted(CONTENT_TYPES))} can be stored.", 415)
    kept = (name for name in signed if name in _KEPT or name.startswith("x-amz-meta-"))
    return {name: request.headers[name] for name in kept}


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, ObjectRefused)
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        f"<Resource>{escape(raw_path(request))}</Resource></Error>"
    )
    headers = {"cache-control": "no-store", **_SAFE}
    if refusal.status == 405:
        headers["allow"] = _ALLOWED
    if refusal.status == 408:  # the rest of the body is not waited for
        # Of another refusal the proxy between must be able to tell, while the client is still sending: hung up on,
        # it says that we are out of order.
        headers["connection"] = "close"
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
    if error.errno in _NO_ROOM:
        return await _refused(request, disk_full())
    refusal = ObjectRefused("ServiceUnavailable", "The object can't be stored or read now; try again.", 503)
    return await _refused(request, refusal)
