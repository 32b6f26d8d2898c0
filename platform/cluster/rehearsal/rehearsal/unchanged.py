"""The playbook once more."""

from __future__ import annotations

from localcluster.errors import ClusterError

from rehearsal.site import arguments, playbook
from rehearsal.stage import Stage


def run(stage: Stage) -> str:
    """A second run of `site.yaml` changes nothing."""
    found = playbook(stage, "site.yaml", *arguments())
    if any(found.values()) or not found:
        raise ClusterError(f"the second run changed things: {found}; log/site.yaml.log says which")
    return f"changed 0 things on {len(found)} machines"


def undo(_: Stage) -> None:
    """It has made nothing."""
