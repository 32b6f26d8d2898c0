"""The chain: its links in order, and how they are run and undone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from localcluster import memory
from localcluster.errors import ClusterError
from localcluster.progress import Progress

from rehearsal import (
    beside,
    cgroups,
    delivery,
    etcd,
    inventory,
    machines,
    network,
    pods,
    scan,
    site,
    sources,
    stores,
    unchanged,
    upgrade,
)
from rehearsal.paths import STATE
from rehearsal.stage import Stage


class Link(Protocol):
    """A module that makes one part of production, and knows how to remove it.

    `run`'s docstring says what holds afterwards; it tells what it saw, or raises ClusterError. `undo` may be called
    whatever has been run, also twice.
    """

    __name__: str

    def run(self, stage: Stage, /) -> str: ...

    def undo(self, stage: Stage, /) -> None: ...


LINKS: tuple[Link, ...] = (
    *(inventory, sources, machines, site, pods, unchanged, etcd, upgrade),
    *(stores, delivery, scan),
)
_WRONG = (ClusterError, AssertionError, LookupError, OSError, subprocess.SubprocessError)


def rehearse(progress: Progress, links: Sequence[Link] = LINKS) -> list[str]:
    """Run all links and undo them; what went wrong, nothing where all holds."""
    stage = Stage(progress.detail)
    wrong = clear(stage, links)
    if wrong:
        return wrong
    STATE.mkdir(mode=0o711)
    most = 0
    try:
        for link in links:
            seen = link.run(stage)
            progress.step(f"{(link.run.__doc__ or '').splitlines()[0]} ({seen})")
            most = max(most, memory.of({*cgroups.processes(), *network.processes()}).total())
        progress.step(f"at most {most / 1e9:.1f} GB of memory after a link, shared pages once")
    except _WRONG as error:
        wrong.append(f"{link.__name__}: {error}")
    finally:
        left = clear(stage, links)
    if not left:
        progress.step("Everything is removed: no process, cgroup, namespace, mount or file is left.")
    return wrong + left


def clear(stage: Stage, links: Sequence[Link] = LINKS) -> list[str]:
    """Undo all links, the last first, also those of a rehearsal that was killed; what could not be removed."""
    wrong = []
    for link in reversed(links):
        try:
            link.undo(stage)
        except _WRONG as error:  # every link must have its turn
            wrong.append(f"{link.__name__}, undone: {error}")
    if not wrong:
        shutil.rmtree(STATE, ignore_errors=True)
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    left = [each for each in mounts if each.startswith(f"{STATE}/")] + cgroups.left()
    left += [str(each) for each in (network.NAMESPACE, STATE, beside.STATE) if each.exists()]
    return wrong + [f"{each} is still there" for each in left]
