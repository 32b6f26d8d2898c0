"""A cgroup a machine in every hierarchy of version 1: what it holds are all its processes, and all go with it."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
NAME = "eco2-rehearsal"
_INHERITED = ("cpuset.cpus", "cpuset.mems")


def hierarchies(root: Path = ROOT) -> list[Path]:
    """The mounted hierarchies; none on a machine that has only version 2."""
    if (root / "cgroup.procs").exists():
        return []
    return sorted(folder for folder in root.glob("*") if (folder / "cgroup.procs").exists())


def make(machine: str) -> list[Path]:
    """The files to write a pid into, that it and what it starts belong to `machine`."""
    files = []
    for hierarchy in hierarchies():
        folder = hierarchy
        for part in (NAME, machine):
            above, folder = folder, folder / part
            folder.mkdir(exist_ok=True)
            for name in _INHERITED:  # empty in a new cpuset, which then takes no process
                if (above / name).exists():
                    (folder / name).write_text((above / name).read_text())
        if (folder / "cgroup.clone_children").exists():
            (folder / "cgroup.clone_children").write_text("1")
        files.append(folder / "cgroup.procs")
    return files


def processes() -> set[int]:
    """Pids of everything on the machines."""
    found: set[int] = set()
    for top in _tops():
        for folder, _, files in os.walk(top):
            if "cgroup.procs" in files:
                with contextlib.suppress(OSError):
                    found |= {int(pid) for pid in Path(folder, "cgroup.procs").read_text().split()}
    return found


def kill_left() -> None:
    """End what still runs on the machines."""
    for pid in processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def remove() -> None:
    """Remove the cgroups, innermost first; one in which something runs stays, and is told by `left`."""
    for top in _tops():
        for folder, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()


def left() -> list[str]:
    """Cgroups that are still there."""
    return [str(top) for top in _tops()]


def _tops() -> list[Path]:
    return [folder / NAME for folder in hierarchies() if (folder / NAME).exists()]
