"""Objects as files: a write is complete or absent, and what can be read always has its headers.

An object `<bucket>/<key>` is a description at `<folder>/<bucket>/<key>`, which names a file below `<folder>/.data` that
holds the bytes. Bytes arrive in `<folder>/.parts`; one link or rename of the description publishes both. A description
that can't be read, such as a power cut may leave, is no object, and what comes next takes its place.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock

from embedded.objects.errors import ObjectRefused

MAX_BYTES = 10 * 1024 * 1024
RESERVED_BYTES = 64 * 1024 * 1024
"""Of the disk, left to the databases beside the store."""
YOUNG_S = 3600.0
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._=-]{0,200}")


@dataclass(frozen=True, slots=True)
class Description:
    """What is kept of an object; `etag` without quotes, as S3's of a single PUT; `data` names the file of its bytes."""

    headers: dict[str, str]
    etag: str
    data: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object: the file of its bytes, and the headers it is served with."""

    path: Path
    headers: dict[str, str]
    etag: str
    stat: os.stat_result


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """The files below `folder`, each of `max_bytes` at most, while the disk has more than `reserved_bytes` left."""

    folder: Path
    max_bytes: int = MAX_BYTES
    reserved_bytes: int = RESERVED_BYTES
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def find(self, name: str) -> StoredObject:
        """The object `name`. Raises ObjectRefused (404)."""
        with self._lock, suppress(OSError):  # a writer replaces the description and removes the bytes before
            if described := _read(self.folder / name):
                path = self._data(described.data)
                return StoredObject(path, described.headers, described.etag, path.stat())
        raise ObjectRefused("NoSuchKey", "The object does not exist.", 404)

    async def put(
        self, name: str, headers: Mapping[str, str], body: AsyncIterator[bytes], *, once: bool = False
    ) -> str:
        """Store what comes, and return its ETag; `once`: only where there is none, of two writers the first.

        Raises ObjectRefused, OSError and what `body` raises.
        """
        part = self.folder / ".parts" / secrets.token_hex(16)
        await asyncio.to_thread(self._prepare, part, self.folder / name)
        try:
            etag = await self._receive(part, body)
            described = Description(dict(headers), etag, part.name)
            await asyncio.to_thread(self._publish, part, name, described, once)
        finally:
            part.unlink(missing_ok=True)
        return etag

    def delete(self, name: str) -> None:
        """Remove the object, if it is there."""
        with self._lock:
            described = _read(self.folder / name)
            (self.folder / name).unlink(missing_ok=True)
        if described:
            self._data(described.data).unlink(missing_ok=True)

    def collect(self) -> int:
        """Remove what broken writes left: parts, and bytes that no object names. For the start: it reads all names."""
        parts = list((self.folder / ".parts").glob("*"))
        named = {described.data for path in self._names() if (described := _read(path))}
        old = time.time() - YOUNG_S
        found = (path for path in (self.folder / ".data").glob("*/*") if path.name not in named)
        left = [*parts, *(path for path in found if path.stat().st_mtime < old)]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def _names(self) -> Iterator[Path]:
        for bucket in self.folder.glob("[!.]*"):
            yield from (path for path in bucket.rglob("*") if path.is_file())

    def _data(self, name: str) -> Path:
        return self.folder / ".data" / name[:2] / name

    def _prepare(self, part: Path, target: Path) -> None:
        for path in (part, self._data(part.name), target):
            path.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < self.reserved_bytes + self.max_bytes:
            raise disk_full()

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

    def _publish(self, part: Path, name: str, described: Description, once: bool) -> None:
        target, data, written = self.folder / name, self._data(described.data), part.with_suffix(".json")
        try:
            with part.open("rb") as file:
                os.fsync(file.fileno())
            with written.open("w") as file:
                json.dump(asdict(described), file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(data)
            with self._lock:
                before = _read(target)
                if once and before:
                    raise already_there()
                written.replace(target)
        except BaseException:
            data.unlink(missing_ok=True)
            raise
        finally:
            written.unlink(missing_ok=True)
        if before:
            self._data(before.data).unlink(missing_ok=True)


def _read(path: Path) -> Description | None:
    with suppress(OSError, ValueError, TypeError):
        return Description(**json.loads(path.read_text()))
    return None


def checked(name: str) -> str:
    """`name` if it is `<bucket>/<key>` of plain names: no dot segments, separators or NUL. Raises ObjectRefused."""
    segments = name.split("/")
    if not 2 <= len(segments) <= 12 or not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise ObjectRefused("InvalidURI", "The path must be /<bucket>/<key> of plain names.", 400)
    return name


def too_large(max_bytes: int) -> ObjectRefused:
    """The refusal of an object above the bound."""
    return ObjectRefused("EntityTooLarge", f"An object holds at most {max_bytes} bytes.", 413)


def disk_full() -> ObjectRefused:
    """The refusal while the disk has no room."""
    return ObjectRefused(
        "InsufficientStorage",
        "The disk of the object store is full; nothing was stored. Free some space.",
        507,
    )


def already_there() -> ObjectRefused:
    """The refusal of a second write where only one was wanted."""
    return ObjectRefused("PreconditionFailed", "The object is there already.", 412)
