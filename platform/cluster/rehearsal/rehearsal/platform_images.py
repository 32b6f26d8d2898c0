"""The platform's images that machines pull: Knative's, Envoy, the functions' and that of their next release."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace

from localcluster.archive import Image, write_image
from localcluster.function_image import CONFIG
from localcluster.images import FUNCTIONS, Images

from rehearsal.paths import STATE

NEXT = "functions-next"
"""The same layers with one more label: another digest, as any new release has."""
_NAMES = STATE / "images.json"


def build(report: Callable[[str], None]) -> dict[str, Image]:
    """All of them by short name; quick when nothing changed. Raises ClusterError."""
    images = Images.build(report)
    now = images[FUNCTIONS]
    config = replace(CONFIG, labels={**CONFIG.labels, "org.opencontainers.image.version": "next"})
    after = write_image(STATE / "next", now.repository, now.layers, config)
    built = {name: _held(image) for name, image in images.by_name.items()} | {NEXT: after}
    _NAMES.write_text(json.dumps({name: image.pinned for name, image in built.items()}))
    return built


def _held(image: Image) -> Image:
    """The image with an archive that stays: in the cache the next build of its name replaces it."""
    archive = STATE / "images" / image.archive.name
    archive.parent.mkdir(exist_ok=True)
    try:
        archive.hardlink_to(image.archive)
    except OSError:  # the cache is on another disk
        shutil.copyfile(image.archive, archive)
    return replace(image, archive=archive)


def pinned() -> Mapping[str, str]:
    """Short name → `repository@digest` of what was built."""
    found: dict[str, str] = json.loads(_NAMES.read_text())
    return found


def reference(name: str) -> str:
    """For manifests. A program that is not built is one that nothing here starts."""
    return pinned().get(name, f"eco2.local/{name}:not-built")
