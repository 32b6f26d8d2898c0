"""What runs beside the machines on their wire, as processes: stores, ArgoCD's programs, RabbitMQ's operator.

They are those of the local cluster and of the rehearsal of GitOps, which find their network and their folder by the
name of the cluster.
"""

from __future__ import annotations

import shutil

from localcluster import backing, paths, processes
from localcluster.errors import ClusterError

from rehearsal import network
from rehearsal.paths import KUBECONFIG

STATE = paths.STATE


def make() -> None:
    """The folder of what runs beside, with the administrator's way to the machines' cluster."""
    must_be_ours()
    paths.PKI.mkdir(mode=0o700, parents=True)
    STATE.chmod(0o711)  # PostgreSQL runs as another user
    paths.KUBECONFIG.touch(mode=0o600)
    paths.KUBECONFIG.write_text(KUBECONFIG.read_text())


def end() -> None:
    """End what runs beside, and remove its folder."""
    must_be_ours()
    backing.stop()
    processes.stop_all()
    shutil.rmtree(STATE, ignore_errors=True)


def must_be_ours() -> None:
    """Raises ClusterError where the local cluster's modules mean another cluster than the machines'."""
    if paths.NAME != network.NAME:
        raise ClusterError(f"set ECO2_CLUSTER_NAME={network.NAME}, as `make production-test` does")
