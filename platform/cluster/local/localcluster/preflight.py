"""What a machine must offer, asked before anything is started."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from localcluster import kubectl
from localcluster.paths import cache

MEMORY_GB, DISK_GB = 4, 12
# Program → Debian package that brings it.
PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
    "iptables": "iptables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "mmdebstrap": "mmdebstrap",
    "strip": "binutils",
    "/usr/lib/rabbitmq/bin/rabbitmq-server": "rabbitmq-server",
}
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_NETWORK = "ip link add probe0 type veth peer name probe1 && iptables -t nat -A OUTPUT -j RETURN"
_MOUNT = "mount -t overlay overlay -o lowerdir=$1/l,upperdir=$1/u,workdir=$1/w $1/m && umount $1/m"


def incapable() -> list[str]:
    """Why this machine can't run a cluster of its own; installing packages would not help."""
    if kubectl.foreign():
        return []
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return [f"Linux on x86_64 is needed, this is {platform.system()} on {platform.machine()}"]
    if os.geteuid() != 0:
        return [
            "root is needed (namespaces, mounts, cgroups): run it with sudo, or name a cluster by KUBECONFIG"
        ]
    checks = {
        "no cgroups: /sys/fs/cgroup can't be written to": os.access("/sys/fs/cgroup", os.W_OK)
        and any(Path("/sys/fs/cgroup").iterdir()),
        f"less than {MEMORY_GB} GB of memory": _memory_gb() >= 0.85 * MEMORY_GB,  # the kernel keeps some
        f"less than {DISK_GB} GB free below {cache()}": _free_gb() >= DISK_GB
        or (cache() / "containerd").exists(),
        "network namespaces, virtual interfaces or iptables are not allowed": not shutil.which(
            "iptables", path=_PATH
        )
        or _works("unshare", "--net", "sh", "-ec", _NETWORK),
        "overlay mounts are not allowed": _overlay_works(),
    }
    return [reason for reason, holds in checks.items() if not holds]


def missing_packages() -> list[str]:
    """Debian packages that must be installed first."""
    if kubectl.foreign():
        return []
    return sorted({package for program, package in PROGRAMS.items() if not shutil.which(program, path=_PATH)})


def _memory_gb() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def _free_gb() -> float:
    cache().mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(cache()).free / 2**30


def _overlay_works() -> bool:
    folder = cache() / "overlay"
    try:
        for name in "luwm":
            (folder / name).mkdir(parents=True, exist_ok=True)
        return _works("unshare", "--mount", "sh", "-ec", _MOUNT, "sh", str(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _works(*command: str) -> bool:
    environment = {"PATH": _PATH}
    return (
        subprocess.run(command, env=environment, capture_output=True, timeout=30, check=False).returncode == 0
    )
