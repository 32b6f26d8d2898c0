"""etcd's snapshot to the bucket, and the cluster as it was when it was taken."""

from __future__ import annotations

import time

from localcluster.errors import ClusterError
from localcluster.waiting import wait_for

from rehearsal.machine import FIRST
from rehearsal.serving import BUCKET
from rehearsal.site import playbook
from rehearsal.stage import Stage

_READY_S = 180.0


def run(stage: Stage) -> str:
    """What was there at etcd's snapshot is there after its restore, what came later is not, and nodes are ready."""
    stage.kubectl("create", "configmap", "before")
    stage.ssh(FIRST, "sudo systemctl start etcd-snapshot.service", timeout_s=120)
    [snapshot] = BUCKET.glob(f"*/etcd/{FIRST.name}.db")
    stage.kubectl("create", "configmap", "after")
    began = time.monotonic()
    playbook(stage, "etcd-restore.yaml", "-e", f"etcd_restore_from={FIRST.name}")
    took_s = time.monotonic() - began
    names = stage.kubectl("get", "configmap", "-o", "name").split()
    if "configmap/before" not in names or "configmap/after" in names:
        raise ClusterError(f"after the restore there are {names}")
    wait_for("nodes after the restore", lambda: _ready(stage), _READY_S, every_s=2)
    stage.kubectl("create", "configmap", "anew")
    return f"{snapshot.stat().st_size / 1e6:.1f} MB, restored in {took_s:.0f} s"


def undo(_: Stage) -> None:
    """The snapshot is a file, which goes with the rest."""


def _ready(stage: Stage) -> bool:
    try:
        stage.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=5s", timeout_s=15)
        stage.kubectl(
            "rollout", "status", "-n", "kube-system", "daemonset/kube-proxy", "--timeout=5s", timeout_s=15
        )
    except ClusterError:
        return False
    return True
