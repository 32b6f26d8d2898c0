"""The wire between the machines: a bridge in a network namespace of its own, from which nothing leads out."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

NAME = "eco2-rehearsal"
NAMESPACE = Path("/var/run/netns") / NAME
BRIDGE = "wire0"
GATEWAY = "10.98.0.254"
"""Where the machines find packages, images and the bucket; as their default route it leads nowhere else."""
_TIMEOUT_S = 20
_SETUP = f"""
ip link set lo up
ip link add {BRIDGE} type bridge
ip addr add {GATEWAY}/24 dev {BRIDGE}
ip link set {BRIDGE} up
"""


def inside(*command: str) -> list[str]:
    """`command` as one that runs in the namespace; mounts stay the caller's."""
    return ["nsenter", f"--net={NAMESPACE}", *command]


def up() -> None:
    """Make the namespace."""
    subprocess.run(["ip", "netns", "add", NAME], check=True, timeout=_TIMEOUT_S)
    subprocess.run(inside("sh", "-ec", _SETUP), check=True, timeout=_TIMEOUT_S)


def processes() -> list[int]:
    """Pids of what runs in the namespace itself; machines have namespaces of their own. Source: proc(5), ns/net."""
    if not NAMESPACE.exists():
        return []
    ours, found = NAMESPACE.stat().st_ino, []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if (folder / "ns" / "net").stat().st_ino == ours:
                found.append(int(folder.name))
    return found


def kill_left() -> None:
    """End what still runs in the namespace: connections that ssh keeps, a server whose starter died."""
    for pid in processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def down() -> None:
    """Remove the namespace; with the last process in it the bridge goes too."""
    if NAMESPACE.exists():
        subprocess.run(["ip", "netns", "del", NAME], check=True, timeout=_TIMEOUT_S)
