"""The Go programs of the cluster, built from pinned modules whose checksums Go verifies.

A module's programs lie in a folder named by what they are built from, so that a changed version is built anew and
an interrupted build goes on where it stopped. The manifests in the modules' own folders are kept with them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcluster import toolchain
from localcluster.errors import ClusterError
from localcluster.paths import TOOLS, cache

BUILD_TIMEOUT_S = 3600
_FLAGS = ("-trimpath", "-buildvcs=false")


@dataclass(frozen=True, slots=True)
class Program:
    """One binary: `package` of the tool module `module`."""

    name: str
    module: str
    package: str

    @property
    def path(self) -> Path:
        """Where it is, or will be."""
        return folder(self.module) / self.name


def _programs() -> tuple[Program, ...]:
    kubernetes = (
        "kubectl",
        "kube-apiserver",
        "kube-controller-manager",
        "kubelet",
        "kube-scheduler",
        "kube-proxy",
    )
    rabbitmq = "knative.dev/eventing-rabbitmq/cmd"
    return (
        Program("etcd", "kubernetes", "go.etcd.io/etcd/server/v3"),
        *(Program(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}") for name in kubernetes),
        *(
            Program(f"serving-{name}", "serving", f"knative.dev/serving/cmd/{name}")
            for name in ("controller", "webhook", "autoscaler", "activator", "queue")
        ),
        Program("kourier", "serving", "knative.dev/net-kourier/cmd/kourier"),
        *(
            Program(f"eventing-{name}", "eventing", f"knative.dev/eventing/cmd/{name}")
            for name in ("controller", "webhook", "mtping")
        ),
        Program("rabbitmq-controller", "rabbitmq", f"{rabbitmq}/controller/broker"),
        Program("rabbitmq-webhook", "rabbitmq", f"{rabbitmq}/webhook/broker"),
        Program("rabbitmq-ingress", "rabbitmq", f"{rabbitmq}/ingress"),
        Program("rabbitmq-dispatcher", "rabbitmq", f"{rabbitmq}/dispatcher"),
        Program("topology-operator", "rabbitmq", "github.com/rabbitmq/messaging-topology-operator"),
        Program("coredns", "coredns", "."),
        Program("pause", "pause", "."),
    )


PROGRAMS = _programs()
# What checks platform/cluster beside this folder (platform/cluster/checks); no part of a cluster.
CHECKERS = (
    Program("actionlint", "actionlint", "github.com/rhysd/actionlint/cmd/actionlint"),
    Program("kubeconform", "kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform"),
    Program("awsschema", "awsschema", "."),
    Program("collector", "collector", "."),
    Program("mesh", "mesh", "."),
    Program("tofu", "tofu", "github.com/opentofu/opentofu/cmd/tofu"),
)
# What makes a cluster of machines (platform/cluster/rehearsal), with the etcd that kubeadm asks for.
INSTALLERS = (
    Program("kubeadm", "kubeadm", "k8s.io/kubernetes/cmd/kubeadm"),
    Program("etcd-server", "kubeadm", "go.etcd.io/etcd/server/v3"),
    Program("etcdctl", "kubeadm", "go.etcd.io/etcd/etcdctl/v3"),
    Program("etcdutl", "kubeadm", "go.etcd.io/etcd/etcdutl/v3"),
)
# What brings platform/cluster/argocd onto a cluster (platform/cluster/gitops rehearses it): all parts in one program.
DELIVERY = (Program("argocd", "argocd", "github.com/argoproj/argo-cd/v3/cmd"),)
# Of each module: the folders with manifests, as (module path, folder, name of the copy).
MANIFESTS = {
    "serving": [
        ("knative.dev/serving", "config/core", "serving"),
        ("knative.dev/networking", "config", "networking"),
        ("knative.dev/caching", "config", "caching"),
        ("knative.dev/net-kourier", "config", "kourier"),
    ],
    "eventing": [
        ("knative.dev/eventing", "config/core", "eventing"),
        ("knative.dev/eventing", "third_party/eventing-integrations-latest", "integrations"),
    ],
    "rabbitmq": [
        ("knative.dev/eventing-rabbitmq", "config/broker", "broker"),
        ("github.com/rabbitmq/messaging-topology-operator", "config/crd/bases", "topology"),
        ("github.com/rabbitmq/cluster-operator/v2", "config/crd/bases", "cluster"),
    ],
}


def program(name: str) -> Path:
    """The path of a program by its name."""
    return next(each.path for each in (*PROGRAMS, *CHECKERS, *INSTALLERS, *DELIVERY) if each.name == name)


def folder(module: str) -> Path:
    """Of a module's programs, named by the content of its lock files and the way of building."""
    sources = sorted(path for path in (TOOLS / module).iterdir() if path.suffix in {".mod", ".sum", ".go"})
    digest = hashlib.sha256(" ".join((*_FLAGS, *_link_flags(module))).encode())
    for path in sources:
        digest.update(path.read_bytes())
    return cache() / "bin" / f"{module}-{digest.hexdigest()[:12]}"


def missing(wanted: Sequence[Program] = PROGRAMS) -> list[Program]:
    """What must still be built."""
    return [each for each in wanted if not each.path.exists()]


def build(report: Callable[[str], None], wanted: Sequence[Program] = PROGRAMS) -> None:
    """Build what is missing and copy the manifests of its modules. Raises ClusterError."""
    todo = missing(wanted)
    go = toolchain.find_go(report) if todo else ""
    for number, each in enumerate(todo, 1):
        began = time.monotonic()
        report(f"compiling {number}/{len(todo)} {each.name} …")
        _build(go, each)
        report(f"compiled {number}/{len(todo)} {each.name} in {time.monotonic() - began:.0f} s")
    copy_manifests({each.module for each in wanted} & MANIFESTS.keys(), report)


def copy_manifests(modules: Iterable[str], report: Callable[[str], None] = lambda _line: None) -> None:
    """Keep the manifests of modules beside where their programs are, or would be. Raises ClusterError."""
    for module in sorted(modules):
        if not (folder(module) / "manifests").exists():
            folder(module).mkdir(parents=True, exist_ok=True)
            _copy_manifests(toolchain.find_go(report), module)


def _link_flags(module: str) -> list[str]:
    flags = ["-s", "-w"]
    if module in {"kubernetes", "kubeadm"}:  # they tell their version, which clients and kubelet compare
        version = re.search(r"k8s\.io/kubernetes v(\d+)\.(\d+)\.\d+", (TOOLS / module / "go.mod").read_text())
        assert version
        major, minor = version.groups()
        values = {
            "gitVersion": version[0].split()[1],
            "gitMajor": major,
            "gitMinor": minor,
            "gitTreeState": "clean",
        }
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            flags += [f"-X {package}.{name}={value}" for name, value in values.items()]
    return flags


def _build(go: str, each: Program) -> None:
    each.path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = each.path.with_suffix(".building")
    link = " ".join(_link_flags(each.module))
    command = [go, "build", *_FLAGS, "-mod=readonly", "-ldflags", link, "-o", str(unfinished), each.package]
    done = subprocess.run(
        command,
        cwd=TOOLS / each.module,
        env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"},
        stderr=subprocess.PIPE,
        text=True,
        timeout=BUILD_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if not line.startswith("go: downloading")]
        raise ClusterError(f"{each.name} can't be built:\n" + "\n".join(lines[-15:]))
    unfinished.rename(each.path)


def _copy_manifests(go: str, module: str) -> None:
    unfinished = folder(module) / "manifests.copying"
    shutil.rmtree(unfinished, ignore_errors=True)
    for path, below, name in MANIFESTS[module]:
        listed = subprocess.run(
            [go, "mod", "download", "-json", _versioned(go, module, path)],
            cwd=TOOLS / module, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=True,
        )  # fmt: skip
        source = re.search(r'"Dir": "([^"]+)"', listed.stdout)
        assert source, listed.stdout
        shutil.copytree(Path(source[1]) / below, unfinished / name, copy_function=shutil.copyfile)
    unfinished.rename(folder(module) / "manifests")


def _versioned(go: str, module: str, path: str) -> str:
    listed = subprocess.run(
        [go, "list", "-mod=readonly", "-m", "-f", "{{.Path}}@{{.Version}}", path],
        cwd=TOOLS / module, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=True,
    )  # fmt: skip
    return listed.stdout.strip()
