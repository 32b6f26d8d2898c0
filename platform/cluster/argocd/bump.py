"""Name an image's digest in the production overlay: `python3 bump.py REPOSITORY sha256:…`. Needs nothing but Python."""

from __future__ import annotations

import re
import sys
from pathlib import Path

OVERLAY = Path(__file__).resolve().parents[2] / "knative/overlays/prod/kustomization.yaml"
_IMAGE = re.compile(r"(  - name: eco2\.local/functions\n)    newName: .*\n    (?:newTag|digest): .*\n")


def bumped(text: str, repository: str, digest: str) -> str:
    """The overlay with that image. Raises ValueError for what is no digest, or an overlay that names no image."""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest) or not re.fullmatch(r"[a-z0-9./_-]+", repository):
        raise ValueError(f"not a repository and its digest: {repository} {digest}")
    made, count = _IMAGE.subn(rf"\1    newName: {repository}\n    digest: {digest}\n", text)
    if count != 1:
        raise ValueError(f"{OVERLAY} names the functions' image {count} times")
    return made


if __name__ == "__main__":
    OVERLAY.write_text(bumped(OVERLAY.read_text(), *sys.argv[1:3]))
