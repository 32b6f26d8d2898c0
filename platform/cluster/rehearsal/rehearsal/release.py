"""A release by a commit, and back by its revert."""

from __future__ import annotations

from gitops import releases

from rehearsal import platform_images
from rehearsal.content import OVERLAY
from rehearsal.delivery import REPOSITORY
from rehearsal.scan import scanned
from rehearsal.stage import Stage


def run(stage: Stage) -> str:
    """A commit that names the next image is rolled out, behind its migration, and scans; its revert is rolled back."""
    images = platform_images.pinned()
    before, after = images["functions"], images[platform_images.NEXT]
    out_s = releases.released(REPOSITORY, f"{OVERLAY}/kustomization.yaml", after, "The next release")
    through = scanned(stage, after)
    back_s = releases.reverted(REPOSITORY, before)
    again = scanned(stage, before)
    return f"{len(releases.functions())} functions out in {out_s:.0f} s: {through}; back in {back_s:.0f} s: {again}"


def undo(_: Stage) -> None:
    """What it made is on the machines, and goes with them."""
