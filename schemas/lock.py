"""The packages that a lock file pins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pinned:
    """One package; `hashes` are SHA-256 of the files that pip may install."""

    name: str
    version: str
    hashes: tuple[str, ...]


def pinned(lock: Path = LOCK) -> list[Pinned]:
    """The packages of a lock file made by `make lock`. Raises ValueError for one without hashes, or for none."""
    found: list[Pinned] = []
    for entry in re.split(r"\n(?=[A-Za-z0-9])", lock.read_text()):
        if pin := _PIN.match(entry):
            found.append(Pinned(pin[1], pin[2], tuple(_HASH.findall(entry))))
    if not found or not all(each.hashes for each in found):
        raise ValueError(f"{lock}: no lock file with versions and hashes")
    return found
