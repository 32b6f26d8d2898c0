"""Two versions of Kubernetes out of one build: the inventory's, and its neighbour that differs by its number alone.

So an upgrade rehearses the playbook, kubeadm's steps and what is away meanwhile, not what differs between releases.
"""

from __future__ import annotations

import re
from pathlib import Path

from localcluster.errors import ClusterError
from localcluster.paths import TOOLS
from localcluster.programs import program

from rehearsal.paths import kept

_RELEASED = re.compile(r"k8s\.io/kubernetes v(\d+\.\d+\.\d+)")


def built() -> str:
    """The version that `localcluster.programs` builds, `1.34.4`."""
    found = _RELEASED.search((TOOLS / "kubernetes/go.mod").read_text())
    assert found
    return found[1]


def pair(version: str) -> tuple[str, str]:
    """From which version to which the upgrade is rehearsed: one of them is `version`, both are of the same length."""
    minor, _, patch = version.rpartition(".")
    before, after = f"{minor}.{int(patch) - 1}", f"{minor}.{int(patch) + 1}"
    return (before, version) if int(patch) and len(before) == len(version) else (version, after)


def numbered(name: str, version: str) -> Path:
    """The program that says it is of `version`. Raises ClusterError where the number can't be written into it."""
    path, real = program(name), built()
    if version == real or not name.startswith("kube"):
        return path
    target = kept() / f"numbered-{path.parent.name}-{version}" / name
    if not target.exists():
        if len(version) != len(real):
            raise ClusterError(f"{real} is not as long as {version}")
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".unfinished")
        unfinished.write_bytes(path.read_bytes().replace(f"v{real}".encode(), f"v{version}".encode()))
        unfinished.chmod(0o755)
        unfinished.rename(target)
    return target
