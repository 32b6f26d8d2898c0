"""Up and down: the order in which the cluster's parts start and end."""

from __future__ import annotations

import shutil
import socket
import stat
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from urllib.request import urlopen

from localcluster import (
    backing,
    control_plane,
    deploy,
    kubectl,
    network,
    node,
    pki,
    preflight,
    processes,
    programs,
    upstream,
)
from localcluster.errors import ClusterError
from localcluster.images import Images
from localcluster.paths import STATE, TOOLS
from localcluster.progress import Progress
from localcluster.waiting import wait_for

_NAMESPACES = ("knative-serving", "kourier-system", "knative-eventing")
# Ended first what would start others again.
_STOPPED_FIRST = (
    "kubelet",
    "kube-proxy",
    "topology-operator",
    "coredns",
    "kube-controller-manager",
    "kube-scheduler",
)


def up(progress: Progress) -> None:
    """From nothing, or from whatever is there, to served functions. Raises ClusterError."""
    if kubectl.foreign():
        deploy.to_foreign(progress)
        return
    if reasons := preflight.incapable():
        raise ClusterError("this machine can't run a cluster:\n" + "\n".join(f"- {each}" for each in reasons))
    if packages := preflight.missing_packages():
        raise ClusterError(f"Debian packages are missing: apt-get install -y {' '.join(packages)}")
    if not processes.running("door"):
        _door_is_free()
    programs.build(progress.detail)
    images = Images.build(progress.detail)
    progress.step("programs and images are built")
    if (STATE.exists() or network.NAMESPACE.exists()) and not processes.running("kube-apiserver"):
        down(progress)  # what a crash or a restart of the machine left
    _make_state()
    network.up()
    pki.make()
    _start(progress, images)
    deploy.functions(progress, images, backing.ready())
    processes.start(
        "door",
        [sys.executable, "-m", "localcluster.forward", f"{network.PORT}:{network.EDGE}:80"],
        {"PYTHONPATH": str(TOOLS.parent)},
        isolated=False,
    )
    wait_for("the platform's address", _answers, 60)
    processes.must_all_run()
    progress.step(f"ready at {network.URL}")


def _door_is_free() -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", network.PORT))
        except OSError as error:
            raise ClusterError(
                f"port {network.PORT} is taken; end what listens there ({error.strerror})"
            ) from None


def _make_state() -> None:
    """A folder that only root changes and others may pass, because PostgreSQL runs as another user."""
    STATE.mkdir(mode=0o711, parents=True, exist_ok=True)
    found = STATE.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise ClusterError(f"{STATE} is not a folder of root's alone; remove it")


def _start(progress: Progress, images: Images) -> None:
    backing.start()
    node.start_containerd(images["pause"].tagged)
    control_plane.start_api()
    control_plane.start_dns()
    with ThreadPoolExecutor(max_workers=4) as pool:
        imported = pool.submit(_import, progress, images)
        wait_for("the API server", _api_ready, 240)
        progress.step("API server ready")
        control_plane.start_controllers()
        wait_for("containerd", node.serving, 60)
        node.start_kubelet()
        kubectl.apply(upstream.namespaces())
        kubectl.apply(upstream.resources())
        kubectl.wait("Established", "crd", "--all", timeout_s=180)
        kubectl.apply(upstream.settings(images.reference))
        control_plane.start_topology_operator()
        progress.step("custom resources and settings applied")
        imported.result()
        kubectl.apply(upstream.deployments(images.reference))
        list(pool.map(_available, _NAMESPACES))
    progress.step("Knative Serving, Eventing and the RabbitMQ broker available")


def _import(progress: Progress, images: Images) -> None:
    wait_for("containerd", node.serving, 60)
    known = node.images()
    node.import_images(image.archive for image in images.values() if image.tagged not in known)
    progress.step("images imported")


def _available(namespace: str) -> None:
    kubectl.wait("Available", "deploy", "--all", "-n", namespace, timeout_s=240)


def _api_ready() -> bool:
    processes.must_run("kube-apiserver")
    return kubectl.attempt("get", "--raw", "/readyz", timeout_s=10).returncode == 0


def _answers() -> bool:
    processes.must_run("door")
    with suppress(OSError), urlopen(f"http://127.0.0.1:{network.PORT}/health/ready", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def down(progress: Progress) -> None:
    """End everything and remove it, the cache excepted. Does nothing when there is nothing. Raises ClusterError."""
    if kubectl.foreign():
        raise ClusterError("KUBECONFIG names another cluster, which is not this command's to end; unset it")
    steps: list[Callable[[], object]] = [
        *(partial(processes.stop, name) for name in _STOPPED_FIRST),
        lambda: node.remove_containers() if node.serving() else None,
        backing.stop,
        processes.stop_all,
        network.kill_left,
        node.unmount,
        network.down,
        node.remove_cgroups,
        node.remove_links,
        node.restore_kernel,
    ]
    failed: list[object] = []
    for step in steps:
        try:
            step()
        except Exception as error:  # every step must have its turn
            failed.append(error)
    if not failed:
        shutil.rmtree(STATE, ignore_errors=True)
        failed = [f"{STATE} is still there"] if STATE.exists() else []
    if failed:
        raise ClusterError("not everything could be removed: " + "; ".join(map(str, failed)))
    progress.step("the cluster is gone")
