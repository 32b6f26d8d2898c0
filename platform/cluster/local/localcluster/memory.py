"""What the cluster holds in memory, all in: its own processes, its pods, and what runs beside it."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from localcluster import network, processes


def by_program() -> Counter[str]:
    """Program → bytes, of everything in the cluster's network and its door."""
    return of({*network.processes(), processes.running("door")} - {None})


def of(pids: Iterable[int | None]) -> Counter[str]:
    """Program → proportional set size in bytes: pages that several processes share count once.

    Source: proc(5), smaps_rollup.
    """
    found: Counter[str] = Counter()
    for pid in pids:
        with contextlib.suppress(OSError, StopIteration):  # it ended meanwhile
            found[_program(Path(f"/proc/{pid}"))] += _proportional(Path(f"/proc/{pid}"))
    return found


def _program(folder: Path) -> str:
    return Path((folder / "cmdline").read_text().partition("\0")[0]).name


def _proportional(folder: Path) -> int:
    lines = (folder / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
