"""What somebody's hand does to what ArgoCD looks after."""

from __future__ import annotations

from gitops import releases, waves

from rehearsal.delivery import REPOSITORY
from rehearsal.stage import Stage


def run(_: Stage) -> str:
    """What a hand changes or deletes is healed, what the repository drops is removed; left alone, nothing is synced."""
    healed = releases.drift_is_healed(REPOSITORY)
    removed = releases.what_is_removed_is_pruned(REPOSITORY)
    return f"{healed}; removed {removed}; quiet {waves.nothing_changes_by_itself(REPOSITORY)}"


def undo(_: Stage) -> None:
    """What it made is on the machines, and goes with them."""
