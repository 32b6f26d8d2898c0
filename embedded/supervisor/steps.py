"""Steps of a start: processes that run to their end before others begin, or beside them."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from embedded import logs
from embedded.supervisor.child import KILLED_WAIT_S, python
from embedded.supervisor.errors import CannotStartError

TIMEOUT_S = 60.0


async def run(name: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
    """Run `python -m …` to its end; its log is `name`.log in `folder`. Raises CannotStartError with the log's end.

    Cancelled, it ends the process and waits for that.
    """
    log = folder / f"{name}.log"
    process = python(arguments, log=log, environment=environment)
    try:
        code = await asyncio.to_thread(process.wait, TIMEOUT_S)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        process.kill()
        process.wait(KILLED_WAIT_S)
    if code != 0:
        raise CannotStartError(f"{name} failed: {logs.last_line(log)} (see {log})")


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until what they started has ended with them."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
