"""OCI archives as a registry's answers: what containerd pulls, without a registry's program.

Source: OCI distribution specification 1.1, pull.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOB = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a blob lies: in an archive, from a byte on."""

    archive: Path
    offset: int
    size: int
    digest: str
    media_type: str


class Registry:
    """The blobs and tags of some archives. `archives`: `name:tag` → archive of one image."""

    def __init__(self, archives: Mapping[str, Path]) -> None:
        self._blobs: dict[str, Stored] = {}
        self._tags: dict[str, str] = {}
        for reference, archive in archives.items():
            self._tags[reference] = self._read(archive)

    def find(self, path: str) -> Stored | None:
        """What `/v2/NAME/manifests/TAG-or-digest` or `/v2/NAME/blobs/DIGEST` names."""
        parts = path.removeprefix("/v2/").split("/")
        if not path.startswith("/v2/") or len(parts) < 3:
            return None
        name, kind, reference = "/".join(parts[:-2]), parts[-2], parts[-1]
        if kind == "manifests":
            reference = self._tags.get(f"{name}:{reference}", reference)
        return self._blobs.get(reference) if kind in {"manifests", "blobs"} else None

    def _read(self, archive: Path) -> str:
        """Take in an archive's blobs; the digest of its image's manifest."""
        with tarfile.open(archive) as opened:
            file = opened.extractfile("index.json")
            assert file
            manifest = json.load(file)["manifests"][0]
            for member in opened.getmembers():
                if member.name.startswith("blobs/sha256/"):
                    digest = member.name.removeprefix("blobs/").replace("/", ":")
                    kind = manifest["mediaType"] if digest == manifest["digest"] else _BLOB
                    self._blobs[digest] = Stored(archive, member.offset_data, member.size, digest, kind)
        return str(manifest["digest"])
