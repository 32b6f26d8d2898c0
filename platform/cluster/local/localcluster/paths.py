"""Where things lie: what is kept between runs, and what one running cluster owns."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
TOOLS = Path(__file__).resolve().parents[1] / "tools"


def cache() -> Path:
    """Binaries, images and containerd's unpacked layers: worth minutes, so they outlive a cluster."""
    named = os.environ.get("ECO2_CLUSTER_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "eco2" / "cluster"


NAME = os.environ.get("ECO2_CLUSTER_NAME", "eco2")
"""Of the cluster and its network; another name is another cluster, beside the first."""

STATE = Path(f"/var/tmp/{NAME}-cluster")  # noqa: S108 - made for root alone
"""Everything else of the running cluster; `down` removes it."""

LOGS = STATE / "log"
PIDS = STATE / "pids"
PKI = STATE / "pki"
KUBECONFIG = PKI / "admin.kubeconfig"
