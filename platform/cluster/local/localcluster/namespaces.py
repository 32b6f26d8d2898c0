"""Network namespaces by their names: made, entered, emptied and removed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

_FOLDER = Path("/var/run/netns")
_TIMEOUT_S = 20


def path_of(name: str) -> Path:
    """Where a namespace is found, once it is made."""
    return _FOLDER / name


def entered(name: str, *command: str) -> list[str]:
    """`command` as one that runs in the namespace.

    `ip netns exec` would mount /sys anew and so hide the cgroups of version 1; nsenter leaves mounts alone.
    """
    return ["nsenter", f"--net={path_of(name)}", *command]


def make(name: str, setup: str) -> None:
    """Make the namespace and run the shell's lines `setup` in it."""
    subprocess.run(["ip", "netns", "add", name], check=True, timeout=_TIMEOUT_S)
    subprocess.run(entered(name, "sh", "-ec", setup), check=True, timeout=_TIMEOUT_S)


def processes(namespaces: Iterable[Path]) -> list[int]:
    """Pids of all processes in these namespaces but this one. Source: proc(5), ns/net."""
    ours = {path.stat().st_ino for path in namespaces if path.exists()}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if (folder / "ns" / "net").stat().st_ino in ours and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found


def kill(namespaces: Iterable[Path]) -> None:
    """End what runs in these namespaces."""
    for pid in processes(namespaces):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def remove(name: str) -> None:
    """Remove the namespace, if it is there; with the last process in it its interfaces go too."""
    if path_of(name).exists():
        subprocess.run(["ip", "netns", "del", name], check=True, timeout=_TIMEOUT_S)
