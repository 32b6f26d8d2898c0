"""Layers of images: files in a compressed tar, dated 1970 and owned by root; the same files give the same digest."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

STICKY = 0o1777
_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One path of a layer, relative to the root: a file (bytes, or where they are), a link, or a folder (neither)."""

    path: str
    content: Path | bytes | None = None
    link: str = ""
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Layer:
    """A tar in the cache, compressed or not. digest: of the file at `path`; diff_id: of the tar; sizes in bytes."""

    name: str
    digest: str
    diff_id: str
    size: int
    unpacked: int
    path: Path


def tree(folder: Path, at: str = "") -> Iterator[Member]:
    """What is below `folder`, as members below `at`; of modes only whether a file is executable is kept."""
    for found in sorted(folder.rglob("*")):
        path = f"{at}/{found.relative_to(folder)}".lstrip("/")
        if found.is_symlink():
            yield Member(path, link=os.readlink(found))
        elif found.is_dir():
            yield Member(path)
        else:
            yield Member(path, found, mode=0o755 if found.stat().st_mode & 0o100 else 0o644)


def cached_layer(
    folder: Path, name: str, key: str, members: Callable[[Path], Iterable[Member]], *, compress: bool = True
) -> Layer:
    """The layer `name`, built from `members` unless the one in `folder` has the same key.

    key: a digest, in hexadecimal, of everything that the members depend on. members: called with an empty folder that
    lasts until the layer is written. The layer that is replaced is removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note, blob = folder / f"{name}.json", folder / f"{name}-{key[:16]}.tar{'.gz' if compress else ''}"
    known = json.loads(note.read_text()) if note.exists() else {}
    before = known.pop("path", blob.name)
    if blob.exists() and before == blob.name and known:
        return Layer(**known, path=blob)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}-") as work:
        layer = write_layer(name, members(Path(work)), blob, compress=compress)
    with replacing(note) as file:
        file.write(json.dumps(asdict(layer) | {"path": blob.name}).encode())
    if before != blob.name:
        (folder / before).unlink(missing_ok=True)
    return layer


def write_layer(name: str, members: Iterable[Member], path: Path, *, compress: bool = True) -> Layer:
    """Write a layer to `path`; folders above members come by themselves. Raises OSError."""
    unpacked = 0
    with replacing(path) as file, ExitStack() as closing:
        stored = plain = _Digested(file)
        if compress:
            zipped = gzip.GzipFile(filename="", mode="wb", fileobj=stored, compresslevel=6, mtime=0)
            plain = _Digested(closing.enter_context(zipped))
        with tarfile.open(
            fileobj=cast("BinaryIO", plain), mode="w|", format=tarfile.PAX_FORMAT, bufsize=_BUFFER
        ) as archive:
            for member in with_parents(members):
                unpacked += add(archive, member)
    return Layer(name, stored.digest, plain.digest, stored.size, unpacked, path)


def with_parents(members: Iterable[Member]) -> list[Member]:
    """Each path once, as it was given last, in order, with the folders above it."""
    found: dict[str, Member] = {}
    for member in members:
        for parent in PurePosixPath(member.path).parents[:-1]:
            found.setdefault(str(parent), Member(str(parent)))
        found[member.path] = member
    return [found[path] for path in sorted(found)]


def add(archive: tarfile.TarFile, member: Member) -> int:
    """Bytes of the file that was added; 0 for a link or a folder."""
    about = tarfile.TarInfo(member.path)  # of root, and as old as can be
    about.mode = member.mode
    if member.link:
        about.type, about.linkname, about.mode = tarfile.SYMTYPE, member.link, 0o777
        archive.addfile(about)
    elif member.content is None:
        about.type, about.mode = tarfile.DIRTYPE, STICKY if member.mode == STICKY else 0o755
        archive.addfile(about)
    elif isinstance(member.content, bytes):
        about.size = len(member.content)
        archive.addfile(about, io.BytesIO(member.content))
    else:
        with member.content.open("rb") as file:
            about.size = os.fstat(file.fileno()).st_size
            archive.addfile(about, file)
    return about.size


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that appears at `path` when it is complete, in place of what is there."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


class _Digested:
    """What is written goes on to `onward`, and is counted and digested on the way."""

    def __init__(self, onward: BinaryIO | gzip.GzipFile) -> None:
        self._onward = onward
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, content: Any) -> int:
        self._hash.update(content)
        self.size += len(content)
        return self._onward.write(content)

    def flush(self) -> None:
        self._onward.flush()

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"
