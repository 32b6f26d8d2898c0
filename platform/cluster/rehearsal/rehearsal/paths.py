"""Where a rehearsal's things lie: what goes with it, and what is kept because making it takes minutes."""

from __future__ import annotations

from pathlib import Path

from localcluster.paths import cache

CLUSTER = Path(__file__).resolve().parents[2]
STATE = Path("/var/tmp/eco2-rehearsal")  # noqa: S108 - made for root alone
"""Everything of the rehearsal that runs; removed at its end. One rehearsal a machine."""
KUBECONFIG = STATE / "admin.conf"


def kept() -> Path:
    """Debian's tree and packages of the machines, images; beside the local cluster's binaries."""
    return cache() / "rehearsal"
