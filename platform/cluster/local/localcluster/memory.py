"""What the cluster holds in memory, all in: its own processes, its pods, and what runs beside it."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from pathlib import Path

from localcluster import processes
from localcluster.network import NAMESPACE


def by_program() -> Counter[str]:
    """Program → proportional set size in bytes: pages that several processes share count once.

    The cluster's processes are those in its network namespaces, and the door. Source: proc(5), smaps_rollup.
    """
    ours = {os.stat(path).st_ino for path in [NAMESPACE, *NAMESPACE.parent.glob("cni-*")] if path.exists()}
    found: Counter[str] = Counter()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):  # it ended meanwhile, or is a kernel thread
            if os.stat(folder / "ns" / "net").st_ino in ours or processes.running("door") == int(folder.name):
                found[_program(folder)] += _proportional(folder)
    return found


def _program(folder: Path) -> str:
    return Path((folder / "cmdline").read_text().partition("\0")[0]).name


def _proportional(folder: Path) -> int:
    lines = (folder / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
