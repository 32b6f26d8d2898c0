"""ArgoCD brings Knative and the functions onto the machines, from a git repository."""

from __future__ import annotations

from gitops import applications, argocd, waves
from gitops.repository import Repository
from localcluster import backing, control_plane, deploy, kubectl, processes
from localcluster.paths import ROOT, STATE

from rehearsal import beside, content
from rehearsal.stage import Stage

REPOSITORY = Repository(STATE / "repository")
_DEFINED_S = 300
_OPERATOR = "topology-operator"


def run(stage: Stage) -> str:
    """ArgoCD has brought Knative, its broker and all functions, wave after wave, and every one of them is healthy."""
    REPOSITORY.make(ROOT, content.fit)
    kubectl.apply([deploy.namespace()])
    kubectl.apply(deploy.credentials(backing.ready()))  # External Secrets brings them in production
    argocd.install(REPOSITORY.tree / content.BOOTSTRAP)
    stage.report("starting ArgoCD's controller and repo-server")
    argocd.start()
    applications.until(_defined, "RabbitMQ's definitions", _DEFINED_S)
    control_plane.start_topology_operator()
    told = waves.everything_is_synced(REPOSITORY)
    return f"{told}; {waves.waves_waited(REPOSITORY)}"


def undo(_: Stage) -> None:
    """End ArgoCD and the operator; what they made is on the machines, and goes with them."""
    beside.must_be_ours()
    argocd.stop()
    processes.stop(_OPERATOR)


def _defined() -> bool:
    found = applications.read().get("rabbitmq")
    return found is not None and found.settled
