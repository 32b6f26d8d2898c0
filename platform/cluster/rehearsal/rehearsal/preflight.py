"""What a machine must offer for a rehearsal, asked before anything is made."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess

from localcluster.preflight import PROGRAMS

from rehearsal import cgroups
from rehearsal.paths import kept

_PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "dpkg-deb": "dpkg",
    "gpg": "gnupg",
    "ssh": "openssh-client",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "git": "git",
    **{each: PROGRAMS[each] for each in ("strip", "/usr/lib/rabbitmq/bin/rabbitmq-server")},
}
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_DISK_GB = 12


def lacking() -> str:
    """What this machine lacks, in one sentence; empty where a rehearsal can run."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return (
            f"A rehearsal runs on Linux on x86_64, and this is {platform.system()} on {platform.machine()}."
        )
    if os.geteuid() != 0:
        return "A rehearsal boots machines, and so needs root."
    packages = sorted({package for name, package in _PROGRAMS.items() if not shutil.which(name, path=_PATH)})
    lacks = [f"packages of Debian (apt-get install {' '.join(packages)})"] if packages else []
    if not cgroups.hierarchies() or not os.access(cgroups.hierarchies()[0], os.W_OK):
        lacks.append("cgroups of version 1 that can be written to, each controller mounted in /sys/fs/cgroup")
    if not _works("unshare", "--net", "--mount", "ip", "link", "add", "probe0", "type", "bridge"):
        lacks.append("the right to make network namespaces, mounts and bridges")
    kept().mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(kept()).free < _DISK_GB * 2**30:
        lacks.append(f"{_DISK_GB} GB of free disk")
    return f"This machine lacks for a rehearsal: {'; '.join(lacks)}." if lacks else ""


def _works(*command: str) -> bool:
    done = subprocess.run(command, env={"PATH": _PATH}, capture_output=True, timeout=30, check=False)
    return done.returncode == 0
