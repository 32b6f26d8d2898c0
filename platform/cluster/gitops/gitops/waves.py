"""Everything comes, wave after wave, and then stays as it is."""

from __future__ import annotations

import time

from localcluster import kubectl

from gitops import applications
from gitops.applications import ArgoApplication
from gitops.repository import APPS, Repository

_ALL_S = 1200
_STAYS_S = 30
_ROOT = "root"


def everything_is_synced(repository: Repository) -> str:
    """Every Application is synced and healthy:"""
    names = {path.stem.partition("-")[2] for path in (repository.tree / APPS).glob("*.yaml")} | {_ROOT}

    def settled() -> bool:
        found = {name: each for name, each in applications.read().items() if name != _ROOT}
        return found.keys() | {_ROOT} == names and all(each.settled for each in found.values())

    took = applications.until(settled, "all Applications", _ALL_S)
    pods = kubectl.get("pods", "-A")["items"]
    lying = [each["metadata"]["name"] for each in pods if not each["spec"].get("nodeName")]
    assert not lying, f"no node takes {', '.join(lying)}"
    return f"{len(names) - 1} of them in {took:.0f} s, {len(pods)} pods on nodes of their pools"


def waves_waited(_repository: Repository) -> str:
    """No Application was made before those of the waves below had been synced:"""
    found = {name: each for name, each in applications.read().items() if name != _ROOT}
    assert not (early := too_early(found)), f"too early: {', '.join(early)}"
    in_order = sorted(found.values(), key=lambda each: each.wave)
    return f"{len({each.wave for each in in_order})} waves, {in_order[0].name} to {in_order[-1].name}"


def too_early(found: dict[str, ArgoApplication]) -> list[str]:
    """What was there before a wave below its own was over."""
    return [
        each.name
        for each in found.values()
        if any(
            other.first_synced is None or other.first_synced > each.created
            for other in found.values()
            if other.wave < each.wave
        )
    ]


def nothing_changes_by_itself(_repository: Repository) -> str:
    """Left alone, nothing is synced again:"""
    before = {name: each.operation.get("startedAt") for name, each in applications.read().items()}
    time.sleep(_STAYS_S)
    after = applications.read()
    restless = [name for name, each in after.items() if each.operation.get("startedAt") != before.get(name)]
    restless += [name for name, each in after.items() if name != _ROOT and not each.settled]
    assert not restless, f"synced again without a commit: {', '.join(restless)}"
    return f"for {_STAYS_S} s"
