"""Changes of code while the platform runs: what is declared is wired anew, what runs the code starts again.

Code that can't be imported is told and changes nothing: what ran goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from embedded import logs
from embedded.supervisor.environment import ROOT
from embedded.supervisor.errors import CannotStartError

if TYPE_CHECKING:
    from embedded.supervisor.platform import Platform

PACE_S = 0.5
PACKAGES = ("process", "eventing", "functions")
"""What function hosts run; a change of anything else wants a start of the platform."""
SUFFIXES = frozenset((".py", ".json", ".yaml", ".md", ".html", ".css", ".js", ".svg", ".txt"))
SHOWN = 3
Files = Mapping[Path, tuple[int, int]]


def files(root: Path = ROOT) -> Files:
    """Every file that functions are made of, with its time and size."""
    found = {}
    for package in PACKAGES:
        for path in (root / package).rglob("*"):
            if path.suffix in SUFFIXES and "__pycache__" not in path.parts:
                stat = path.stat()
                found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def changed(before: Files, now: Files) -> list[str]:
    """The files that are new, gone or different, seen from the repository."""
    paths = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
    return [str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path) for path in paths]


async def reloading(platform: Platform, started_with: Files) -> None:
    """Take up changes until cancelled; a change is taken up once nothing more changes.

    `started_with` are the files before anything of the platform ran: what changed while it started is a change.
    """
    taken = seen = started_with
    while True:
        await asyncio.sleep(PACE_S)
        try:
            now = await asyncio.to_thread(files)
        except FileNotFoundError:  # a file went while they were looked at
            continue
        if now == seen and now != taken:
            names = changed(taken, now)
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            taken = now
            await take_up(platform, ", ".join(names[:SHOWN]) + more)
        seen = now


async def take_up(platform: Platform, what: str) -> None:
    """Run the changed code, or tell why it can't be run."""
    try:
        await platform.take_up_changes()
    except CannotStartError:
        platform.report(f"changed: {what}; it can't be imported, what ran goes on:")
        platform.report(logs.last_traceback(platform.home.logs / "wiring.log"))
    else:
        platform.report(f"changed: {what}; functions run it")
