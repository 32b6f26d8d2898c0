"""The order of the rehearsal: a cluster without machines, ArgoCD on it, what is shown, and the end of it all."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable

import yaml
from localcluster import control_plane, kubectl, network, pki, processes, programs
from localcluster.errors import ClusterError
from localcluster.paths import NAME, ROOT, STATE, TOOLS
from localcluster.waiting import wait_for

from gitops import argocd, releases, waves
from gitops.remotes import DEFINITIONS
from gitops.repository import APPS, ORIGIN, Repository, fit

_API_S = 120
_PROGRAMS = ("kubectl", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
CHECKS: tuple[Callable[[Repository], str], ...] = (
    waves.everything_is_synced,
    waves.waves_waited,
    waves.nothing_changes_by_itself,
    releases.migrated_before_functions,
    releases.drift_is_healed,
    releases.a_commit_is_rolled_out,
    releases.a_revert_takes_it_back,
    releases.a_failing_migration_stops_a_release,
    releases.what_is_removed_is_pruned,
    releases.rights_are_the_projects,
)


def run(report: Callable[[str], None]) -> None:
    """Show everything, a line each. Raises ClusterError or AssertionError; `undo` is the caller's to call."""
    if kubectl.foreign() or NAME == "eco2":
        raise ClusterError("this needs a cluster of its own: unset KUBECONFIG, set ECO2_CLUSTER_NAME")
    if STATE.exists() or network.NAMESPACE.exists():
        raise ClusterError(f"another rehearsal left {STATE}; python -m gitops down removes it")
    began = time.monotonic()

    def step(line: str) -> None:
        report(f"{time.monotonic() - began:6.1f} s  {line}")

    wanted = [each for each in programs.PROGRAMS if each.name in _PROGRAMS]
    programs.build(step, [*wanted, *programs.DELIVERY])
    programs.copy_manifests(programs.MANIFESTS)
    repository = Repository(STATE / "repository")
    _start(repository)
    step(f"ArgoCD looks at a repository of this machine in place of {ORIGIN}")
    charts = _charts()
    step(
        f"in place of charts, their custom resources: {', '.join(name for name in charts if name in DEFINITIONS)}"
    )
    step(
        f"in place of charts, nothing but a note: {', '.join(name for name in charts if name not in DEFINITIONS)}"
    )
    for check in CHECKS:
        seen = check(repository)
        step(f"{(check.__doc__ or '').splitlines()[0]} {seen}")


def _charts() -> list[str]:
    applications = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / APPS).glob("*.yaml"))]
    return [each["metadata"]["name"] for each in applications if "chart" in each["spec"]["source"]]


def _start(repository: Repository) -> None:
    STATE.mkdir(mode=0o711, parents=True)
    repository.make(ROOT, fit)
    network.up()
    pki.make()
    control_plane.start_api()
    wait_for("the API server", _api_ready, _API_S)
    control_plane.start_controllers()
    path = ":".join(str(each) for each in (ROOT, TOOLS.parent, *map(ROOT.joinpath, _PACKAGES)))
    processes.start(
        "stand-in",
        [sys.executable, "-m", "gitops.stand_in"],
        {"PYTHONPATH": path, "ECO2_CLUSTER_NAME": NAME},
    )
    argocd.install(repository.tree / "platform/cluster/argocd/bootstrap")
    argocd.start()


_PACKAGES = ("platform/cluster/gitops", "platform/cluster/inventory")


def _api_ready() -> bool:
    processes.must_run("kube-apiserver")
    return kubectl.attempt("get", "--raw", "/readyz", timeout_s=10).returncode == 0


def undo() -> None:
    """End every process and remove everything. Does nothing when there is nothing. Raises ClusterError."""
    if NAME == "eco2":
        raise ClusterError("that cluster is not the rehearsal's")
    processes.stop_all()
    network.kill_left()
    network.down()
    shutil.rmtree(STATE, ignore_errors=True)
    if left := [str(path) for path in (STATE, network.NAMESPACE) if path.exists()]:
        raise ClusterError(f"still there: {', '.join(left)}")
