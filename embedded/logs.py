"""The logs of the platform's processes: bounded files, and what their last line says."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
CHECK_S = 30.0
_SHOWN = 300
_TRACEBACK = 4_000


def last_line(log: Path) -> str:
    """The last line of a log that says something; of a JSON line its message."""
    if not log.exists():
        return "it wrote no log"
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return _message(lines[-1])[:_SHOWN] if lines else "it wrote no log"


def last_traceback(log: Path) -> str:
    """The log from its last traceback on; without one its last line."""
    text = log.read_text(errors="replace") if log.exists() else ""
    found = text.rfind("Traceback (most recent call last)")
    return text[found:].rstrip()[-_TRACEBACK:] if found >= 0 else last_line(log)


def _message(line: str) -> str:
    try:
        return str(json.loads(line)["message"])
    except (ValueError, TypeError, KeyError):
        return line


def bound(folder: Path, max_bytes: int = MAX_BYTES) -> None:
    """Keep each `*.log` of `folder` below `max_bytes`, with one older part beside it.

    Children write to the file themselves (appending), so it is copied and cut rather than renamed: lines
    written in between are lost, which is better than a process that stalls because nobody reads its pipe.
    """
    for path in folder.glob("*.log"):
        if path.stat().st_size > max_bytes:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            with path.open("r+b") as file:
                file.truncate(0)


async def keep_bounded(folders: Sequence[Path]) -> None:
    """Keep the logs of folders bounded until cancelled."""
    while True:
        await asyncio.sleep(CHECK_S)
        for folder in folders:
            with suppress(OSError):
                await asyncio.to_thread(bound, folder)
