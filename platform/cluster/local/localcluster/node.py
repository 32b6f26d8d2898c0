"""containerd, the kubelet and kube-proxy: the machine as the cluster's only node."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from localcluster import network, processes
from localcluster.errors import ClusterError
from localcluster.paths import PKI, STATE, cache
from localcluster.pki import NODE_NAME
from localcluster.programs import program

SOCKET = STATE / "containerd.sock"
_KERNEL = [f"/proc/sys/{name}" for name in ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops")]
_KERNEL_BEFORE = STATE / "kernel.json"
_TIMEOUT_S = 120
_CNI = {
    "cniVersion": "0.4.0",
    "name": "eco2",
    "plugins": [
        {
            "type": "ptp",
            "ipMasq": False,
            "mtu": 1400,
            "ipam": {
                "type": "host-local",
                "dataDir": str(STATE / "cni"),
                "ranges": [[{"subnet": network.NODE_PODS}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}


def containerd_root() -> Path:
    """Unpacked images; kept, because unpacking takes half of a start."""
    return cache() / "containerd"


def start_containerd(pause_image: str) -> None:
    """The container runtime with `pause_image` as every pod's first container."""
    configuration = f"""\
version = 2
root = "{containerd_root()}"
state = "{STATE / "containerd"}"
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause_image}"
  disable_apparmor = true
  # Without CAP_SYS_RESOURCE a process can't be made less likely to be killed than its parent.
  restrict_oom_score_adj = true
  # With the rest of the state, where nobody else's pods are.
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{STATE / "cni.d"}"
"""
    (STATE / "cni.d").mkdir(parents=True, exist_ok=True)
    (STATE / "cni.d" / "10-eco2.conflist").write_text(json.dumps(_CNI))
    processes.configure("containerd", STATE / "containerd.toml", configuration)
    processes.start("containerd", ["containerd", "--config", str(STATE / "containerd.toml")])


def start_kubelet() -> None:
    """The kubelet and kube-proxy. What the kubelet changes in the kernel is noted, for `restore_kernel`."""
    if not _KERNEL_BEFORE.exists():
        _KERNEL_BEFORE.write_text(json.dumps({name: Path(name).read_text() for name in _KERNEL}))
    resolve = STATE / "resolv.conf"
    resolve.write_text(f"nameserver {network.NODE}\n")
    kubelet = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": network.NODE,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(PKI / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(PKI / "kubelet-server.crt"),
        "tlsPrivateKeyFile": str(PKI / "kubelet-server.key"),
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [network.NODE],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "resolvConf": str(resolve),
        "enforceNodeAllocatable": [],
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "podLogsDir": str(STATE / "pods"),
        "maxPods": 200,
        "oomScoreAdj": 0,
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        "eventRecordQPS": 0,
        "kubeAPIQPS": 100,
        "kubeAPIBurst": 200,
    }
    processes.configure("kubelet", STATE / "kubelet.json", json.dumps(kubelet))
    processes.start(
        "kubelet",
        [
            str(program("kubelet")),
            *(f"--config={STATE / 'kubelet.json'}", f"--kubeconfig={PKI / 'kubelet.kubeconfig'}"),
            *(f"--root-dir={STATE / 'kubelet'}", f"--cert-dir={STATE / 'kubelet-certificates'}"),
            *(f"--hostname-override={NODE_NAME}", f"--node-ip={network.NODE}"),
        ],
    )
    proxy = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": network.NODE,
        "clientConnection": {"kubeconfig": str(PKI / "proxy.kubeconfig")},
        "clusterCIDR": network.PODS,
        "mode": "iptables",
        "hostnameOverride": NODE_NAME,
        "conntrack": {"maxPerCore": 0, "min": 0},
        "iptables": {"minSyncPeriod": "0s"},
    }
    processes.configure("kube-proxy", STATE / "kube-proxy.json", json.dumps(proxy))
    processes.start("kube-proxy", [str(program("kube-proxy")), f"--config={STATE / 'kube-proxy.json'}"])


def import_images(archives: Iterable[Path]) -> None:
    """Import OCI archives into containerd. Raises ClusterError."""
    for archive in archives:
        done = _ctr("images", "import", str(archive))
        if done.returncode:
            raise ClusterError(f"containerd does not take {archive.name}: {done.stderr.strip()}")


def images() -> set[str]:
    """References of the images that containerd has."""
    return set(_ctr("images", "ls", "-q").stdout.split())


def serving() -> bool:
    """Whether containerd answers."""
    return SOCKET.exists() and _ctr("version").returncode == 0


def remove_containers() -> None:
    """End and remove every container of ours (containerd is our own, so these are all that it knows)."""
    tasks = _ctr("tasks", "ls", "-q").stdout.split()
    for task in tasks:
        _ctr("tasks", "kill", "-s", "SIGKILL", task)
    for task in tasks:
        _ctr("tasks", "rm", "-f", task)
    for container in _ctr("containers", "ls", "-q").stdout.split():
        _ctr("containers", "rm", container)


def unmount() -> None:
    """Unmount what pods left mounted below the state folder, innermost first."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for path in sorted((each for each in mounted if each.startswith(f"{STATE}/")), reverse=True):
        subprocess.run(["umount", "-l", path], check=False, timeout=_TIMEOUT_S)


def remove_cgroups() -> None:
    """The empty cgroups that the kubelet made, of version 1 or 2; one that is in use is not ours."""
    for top in Path("/sys/fs/cgroup").glob("**/kubepods"):
        for folder, _folders, _files in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()


def restore_kernel() -> None:
    """Write back what the kubelet changed for the whole machine."""
    if _KERNEL_BEFORE.exists():
        for name, value in json.loads(_KERNEL_BEFORE.read_text()).items():
            with contextlib.suppress(OSError):  # not ours to write in every container
                Path(name).write_text(value)


def remove_links() -> None:
    """What the kubelet and CNI plugins leave outside of the state folder: links to logs, notes of addresses."""
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{STATE}/"):
            link.unlink()
    for note in Path("/var/lib/cni/results").glob("eco2-*"):
        note.unlink()


def _ctr(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["ctr", f"--address={SOCKET}", "--namespace=k8s.io", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
