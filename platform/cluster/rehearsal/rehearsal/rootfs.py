"""Debian as a cloud's machine has it before anybody has touched it, and the packages that playbooks install on it."""

from __future__ import annotations

import hashlib
import platform
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from localcluster.debian import SUITE

from rehearsal.paths import kept
from rehearsal.stage import USER, told

_THERE = (
    *(
        "systemd",
        "systemd-sysv",
        "dbus",
        "libpam-systemd",
        "openssh-server",
        "sudo",
        "python3",
        "python3-apt",
    ),
    *("iproute2", "iptables", "kmod", "procps", "ca-certificates", "gpgv"),
)
SERVED = ("awscli", "conntrack", "containerd", "containernetworking-plugins", "ipset", "socat")
"""What the machines get from their package source, with all that it needs."""
_TIMEOUT_S = 900
# What a kernel without modules has built in, as modprobe asks for it.
_BUILT_IN = "kernel/fs/overlayfs/overlay.ko\nkernel/net/bridge/br_netfilter.ko\n"
_SHIELD = """\
#!/bin/sh -e
# The kernel is the whole machine's: what is written here to these settings goes into files of this machine's own.
cd /etc/rehearsal/sys
find . -type f | while read -r file; do mount --bind "$file" "/proc/sys/$file"; done
# The kubelet and the runtime make cgroups below this machine's.
for folder in /sys/fs/cgroup /sys/fs/cgroup/*; do
    if mountpoint -q "$folder"; then mount -o remount,bind,rw "$folder"; fi
done
"""
_UNIT = """\
[Unit]
Description=Settings and cgroups of this machine's own
DefaultDependencies=no
Before=sysinit.target systemd-sysctl.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/rehearsal/shield
"""
_FILES = {
    "etc/systemd/system/rehearsal-shield.service": (_UNIT, 0o644),
    "usr/lib/rehearsal/shield": (_SHIELD, 0o755),
    "etc/sudoers.d/90-admin": (f"{USER} ALL=(ALL) NOPASSWD:ALL\n", 0o440),
    "etc/ssh/sshd_config.d/rehearsal.conf": (
        "AuthorizedKeysFile /etc/ssh/authorized_keys\nUseDNS no\n",
        0o644,
    ),
}
_WANTED = {
    "sysinit.target.wants/rehearsal-shield.service": "/etc/systemd/system/rehearsal-shield.service",
    "multi-user.target.wants/systemd-networkd.service": "/usr/lib/systemd/system/systemd-networkd.service",
    "apt-daily.timer": "/dev/null",
    "apt-daily-upgrade.timer": "/dev/null",
    "console-getty.service": "/dev/null",
}


def prepare(report: Callable[[str], None]) -> tuple[Path, Path]:
    """The tree that all machines stand on, and the folder of packages; made the first time. Raises ClusterError."""
    key = hashlib.sha256(Path(__file__).read_bytes() + platform.release().encode()).hexdigest()[:12]
    tree, packages = kept() / f"debian-{key}", kept() / f"packages-{key}"
    if not tree.exists():
        report("fetching Debian for the machines")
        kept().mkdir(parents=True, exist_ok=True)
        for old in (*kept().glob("debian-*"), *kept().glob("packages-*")):
            shutil.rmtree(old)
        with tempfile.TemporaryDirectory(dir=kept(), prefix=".debian-") as folder:
            made, found = Path(folder, "tree"), Path(folder, "packages")
            found.mkdir()
            _fetch(made, found)
            _dress(made)
            found.rename(packages)
            made.rename(tree)
    return tree, packages


def _fetch(tree: Path, packages: Path) -> None:
    download = (
        'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -qq -y --no-install-recommends --download-only install '
        f'{" ".join(SERVED)} && mv "$1"/var/cache/apt/archives/*.deb {packages}'
    )
    told(
        [
            *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(_THERE)}"),
            f'--customize-hook=chroot "$1" useradd --create-home --shell /bin/bash --groups sudo {USER}',
            f"--customize-hook={download}",
            *(SUITE, str(tree)),
        ],
        timeout_s=_TIMEOUT_S,
    )


def _dress(tree: Path) -> None:
    for path, (content, mode) in _FILES.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(content)
        (tree / path).chmod(mode)
    for path, target in _WANTED.items():
        link = tree / "etc/systemd/system" / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    for old in (*(tree / "etc/ssh").glob("ssh_host_*"), tree / "etc/apt/sources.list"):
        old.unlink(missing_ok=True)
    modules = tree / "lib/modules" / platform.release()
    modules.mkdir(parents=True)
    (modules / "modules.builtin").write_text(_BUILT_IN)
    (modules / "modules.order").write_text("")
    told(["chroot", str(tree), "depmod", platform.release()])
