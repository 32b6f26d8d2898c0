"""Objects as files: a write is complete or absent, and what can be read always has its content type.

An object `<bucket>/<key>` lies at `<folder>/<bucket>/<key>`, its content type and ETag beside it at
`<folder>/.types/<bucket>/<key>`. Bytes go to a temporary file that is renamed.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from embedded.objects.errors import ObjectRefused

MAX_BYTES = 10 * 1024 * 1024
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._=-]{0,200}")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What is known of an object; `etag` without quotes, as S3's of a single PUT."""

    path: Path
    content_type: str
    etag: str
    stat: os.stat_result


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """The files below `folder`, each of `max_bytes` at most."""

    folder: Path
    max_bytes: int = MAX_BYTES

    def path(self, name: str) -> Path:
        """The file of object `<bucket>/<key>`."""
        return self.folder / name

    def find(self, name: str) -> StoredObject:
        """The object `name`. Raises ObjectRefused (404)."""
        target = self.path(name)
        try:
            content_type, _, etag = self._description(name).read_text().partition("\n")
            return StoredObject(target, content_type, etag, target.stat())
        except OSError:
            raise ObjectRefused("NoSuchKey", "The object does not exist.", 404) from None

    async def put(self, name: str, content_type: str, body: AsyncIterator[bytes]) -> str:
        """Store what comes, and return its ETag. Raises ObjectRefused, OSError and what `body` raises."""
        target, description = self.path(name), self._description(name)
        part = self.folder / ".parts" / secrets.token_hex(16)
        await asyncio.to_thread(_make_folders, target, description, part)
        try:
            etag = await self._receive(part, body)
            await asyncio.to_thread(_publish, part, target, description, f"{content_type}\n{etag}")
        finally:
            part.unlink(missing_ok=True)
        return etag

    async def _receive(self, part: Path, body: AsyncIterator[bytes]) -> str:
        digest = hashlib.md5(usedforsecurity=False)
        size = 0
        with part.open("wb") as file:
            async for piece in body:
                size += len(piece)
                if size > self.max_bytes:
                    raise too_large(self.max_bytes)
                digest.update(piece)
                file.write(piece)
        return digest.hexdigest()

    def delete(self, name: str) -> None:
        """Remove the object, if it is there."""
        self.path(name).unlink(missing_ok=True)
        self._description(name).unlink(missing_ok=True)

    def _description(self, name: str) -> Path:
        return self.folder / ".types" / name


def checked(name: str) -> str:
    """`name` if it is `<bucket>/<key>` of plain names: no dot segments, separators or NUL. Raises ObjectRefused."""
    segments = name.split("/")
    if not 2 <= len(segments) <= 12 or not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise ObjectRefused("InvalidURI", "The path must be /<bucket>/<key> of plain names.", 400)
    return name


def too_large(max_bytes: int) -> ObjectRefused:
    """The refusal of an object above the bound."""
    return ObjectRefused("EntityTooLarge", f"An object holds at most {max_bytes} bytes.", 413)


def _make_folders(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)


def _publish(part: Path, target: Path, description: Path, text: str) -> None:
    described = part.with_suffix(".type")
    described.write_text(text)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    # The description first: an object that can be read always has its type.
    described.replace(description)
    part.replace(target)
