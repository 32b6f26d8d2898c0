"""The object store of one machine: presigned PUT and DELETE, public GET and HEAD, images only, files on disk.

An object `/<bucket>/<key>` lies at `<folder>/<bucket>/<key>` and its content type beside it at
`<folder>/.types/<bucket>/<key>`. A write is complete or absent: bytes go to a temporary file that is renamed.
Errors are S3's XML. Paths are answered below `prefix`, so that the store can live on the edge's own port (one
address to print, to forward and to allow): the prefix is part of the path that the signer signed.
"""

from __future__ import annotations

import asyncio
import email.utils
import hashlib
import os
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from embedded.cors import Cors, Headers
from embedded.signature import Key, SignatureRefused

MAX_BYTES = 10 * 1024 * 1024
CONTENT_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/heic"})
_CHUNK = 256 * 1024
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._=-]{0,200}")
_STATUS = {"EntityTooLarge": 413, "NoSuchKey": 404, "MethodNotAllowed": 405, "InvalidURI": 400}
_STATUS |= {"InvalidArgument": 415, "IncompleteBody": 400, "AuthorizationQueryParametersError": 400}

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ObjectRefused(Exception):
    """What S3 would answer with an error document; `code` is S3's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """ASGI application over `folder`."""

    folder: Path
    key: Key
    cors: Cors
    prefix: str = ""
    max_bytes: int = MAX_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request whose path starts with `prefix`."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get("origin", "").encode("latin-1")
        if scope["method"] == "OPTIONS":
            status, preflight = self.cors.preflight(origin)
            await _answer(send, status, preflight)
            return
        cors = [(b"x-request-id", headers.get("x-request-id", secrets.token_hex(16)).encode("latin-1")[:128])]
        cors += self.cors.headers(origin)
        raw_path = scope["raw_path"].decode("latin-1")
        try:
            relative = self._relative(raw_path)
            if scope["method"] == "PUT":
                etag = await self._put(relative, raw_path, scope, headers, receive)
                await _answer(send, 200, [(b"etag", etag.encode()), *cors])
            elif scope["method"] in ("GET", "HEAD"):
                await self._get(relative, headers, cors, send, body=scope["method"] == "GET")
            elif scope["method"] == "DELETE":
                self.key.check("DELETE", raw_path, scope["query_string"].decode("latin-1"), headers)
                await asyncio.to_thread(self._delete, relative)
                await _answer(send, 204, cors)
            else:
                raise ObjectRefused("MethodNotAllowed", "Use presigned PUT or DELETE, or GET or HEAD.")
        except (ObjectRefused, SignatureRefused) as refusal:
            await _answer(send, *_error(refusal, raw_path, cors))

    def path(self, relative: str) -> Path:
        """The file of object `<bucket>/<key>`."""
        return self.folder / relative

    def _relative(self, raw_path: str) -> str:
        path = unquote(raw_path).removeprefix(self.prefix).removeprefix("/")
        segments = path.split("/")
        # Whatever decoding did, only plain names are left: no dot segments, separators or NUL.
        if not 2 <= len(segments) <= 12 or not all(_SEGMENT.fullmatch(segment) for segment in segments):
            raise ObjectRefused("InvalidURI", "The path must be /<bucket>/<key> of plain names.")
        return path

    async def _put(
        self, relative: str, raw_path: str, scope: Scope, headers: dict[str, str], receive: Receive
    ) -> str:
        signed = self.key.check("PUT", raw_path, scope["query_string"].decode("latin-1"), headers)
        content_type = headers.get("content-type", "")
        if "content-type" not in signed:
            raise ObjectRefused("AccessDenied", "The presigned URL must cover Content-Type.")
        if content_type not in CONTENT_TYPES:
            raise ObjectRefused("InvalidArgument", f"Only {', '.join(sorted(CONTENT_TYPES))} can be stored.")
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self.max_bytes:
            raise ObjectRefused("EntityTooLarge", f"An object holds at most {self.max_bytes} bytes.")
        target, kind = self.path(relative), self.folder / ".types" / relative
        part = self.folder / ".parts" / secrets.token_hex(16)
        await asyncio.to_thread(_make_folders, target, kind, part)
        try:
            etag = await self._receive_into(part, receive)
            await asyncio.to_thread(_publish, part, target, kind, f"{content_type}\n{etag}")
        finally:
            part.unlink(missing_ok=True)
        return f'"{etag}"'

    def _delete(self, relative: str) -> None:
        self.path(relative).unlink(missing_ok=True)
        (self.folder / ".types" / relative).unlink(missing_ok=True)

    async def _receive_into(self, part: Path, receive: Receive) -> str:
        digest = hashlib.md5(usedforsecurity=False)  # what S3's ETag of a single PUT is
        size, more = 0, True
        with part.open("wb") as file:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ObjectRefused(
                        "IncompleteBody", "The connection closed before the body was complete."
                    )
                body, more = message.get("body", b""), message.get("more_body", False)
                size += len(body)
                if size > self.max_bytes:
                    raise ObjectRefused("EntityTooLarge", f"An object holds at most {self.max_bytes} bytes.")
                digest.update(body)
                file.write(body)
        return digest.hexdigest()

    async def _get(
        self, relative: str, headers: dict[str, str], cors: Headers, send: Send, *, body: bool
    ) -> None:
        target, kind = self.path(relative), self.folder / ".types" / relative
        try:
            content_type, _, etag = kind.read_text().partition("\n")
            file = target.open("rb")
        except OSError:
            raise ObjectRefused("NoSuchKey", "The object does not exist.") from None
        with file:
            stat = os.fstat(file.fileno())
            answer = [
                (b"content-type", content_type.encode()),
                (b"etag", f'"{etag}"'.encode()),
                (b"last-modified", email.utils.formatdate(stat.st_mtime, usegmt=True).encode()),
                (b"cache-control", b"public, max-age=31536000, immutable"),
                # Strangers' bytes on the API's own origin must never run there.
                (b"content-security-policy", b"default-src 'none'; sandbox"),
                (b"x-content-type-options", b"nosniff"),
                *cors,
            ]
            if f'"{etag}"' in headers.get("if-none-match", ""):
                await _answer(send, 304, answer)
                return
            answer.append((b"content-length", str(stat.st_size).encode()))
            await send({"type": "http.response.start", "status": 200, "headers": answer})
            while body and (piece := await asyncio.to_thread(file.read, _CHUNK)):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _make_folders(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)


def _publish(part: Path, target: Path, kind: Path, description: str) -> None:
    described = part.with_suffix(".type")
    described.write_text(description)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    # The description first: an object that can be read always has its type.
    described.replace(kind)
    part.replace(target)


def _error(refusal: ObjectRefused | SignatureRefused, path: str, cors: Headers) -> tuple[int, Headers, bytes]:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        f"<Resource>{escape(path)}</Resource></Error>"
    ).encode()
    headers = [(b"content-type", b"application/xml"), (b"content-length", str(len(body)).encode()), *cors]
    if refusal.code == "MethodNotAllowed":
        headers.append((b"allow", b"PUT, GET, HEAD, DELETE, OPTIONS"))
    return _STATUS.get(refusal.code, 403), headers, body


async def _answer(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    if status not in (204, 304) and not any(name == b"content-length" for name, _ in headers):
        headers = [*headers, (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
