"""Markers of steps that the next start need not repeat: a step is known by a digest of all that it depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from embedded.supervisor.environment import ROOT


def migrations() -> str:
    """A digest of the SQL files' contents."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "schemas/migrations").glob("*.sql")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def declarations(functions_url: str) -> str:
    """A digest of all code that declarations can come from (times and sizes: reading 300 files would take longer)."""
    digest = hashlib.sha256(functions_url.encode())
    for path in sorted(_sources(("process", "functions", "eventing", "brokers", "edge", "embedded"))):
        stat = path.stat()
        digest.update(f"{path} {stat.st_mtime_ns} {stat.st_size}\n".encode())
    return digest.hexdigest()


def _sources(packages: Iterable[str]) -> Iterable[Path]:
    for package in packages:
        yield from (ROOT / package).rglob("*.py")


def seal(digest: str, *results: Path) -> str:
    """The content of a step's marker, which tells results from what a power cut leaves of them: their names alone."""
    contents = (hashlib.sha256(path.read_bytes()).hexdigest() for path in results)
    return " ".join((digest, *contents))


def is_done(marker: Path, digest: str, *results: Path) -> bool:
    """Whether the step left `marker` with this digest, and its results are as it wrote them."""
    try:
        return marker.read_text() == seal(digest, *results)
    except OSError:
        return False


def whole_keys(folder: Path) -> bool:
    """Whether no file of the signing keys is missing or empty; what is in them is read by who signs."""
    keys = [folder / "current", *folder.glob("*.pem")]
    return len(keys) > 1 and all(path.exists() and path.stat().st_size for path in keys)
