"""Waiting for the whole platform to serve."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

from embedded.logs import last_line
from embedded.supervisor.child import Child
from embedded.supervisor.errors import CannotStartError

TIMEOUT_S = 60.0
FAILURES = 4
"""A child that ended so often before the platform was ready won't come up."""


async def wait_ready(address: tuple[str, int], children: Sequence[Child], logs: Path) -> None:
    """Ask the edge until it says that everything serves.

    Raises CannotStartError naming the child that keeps ending, or what is missing after TIMEOUT_S.
    """
    missing = "the edge does not answer"
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while missing:
                for child in children:
                    if child.failures >= FAILURES:
                        log = logs / f"{child.name}.log"
                        raise CannotStartError(f"{child.name} keeps ending: {last_line(log)} (see {log})")
                missing = await ask(address) or ""
                if missing:
                    await asyncio.sleep(0.05)
    except TimeoutError:
        raise CannotStartError(f"not ready after {TIMEOUT_S:.0f} s: {missing} (logs: {logs})") from None


async def ask(address: tuple[str, int]) -> str | None:
    """What is missing, None when nothing is."""
    try:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET /health/ready HTTP/1.1\r\nhost: edge\r\nconnection: close\r\n\r\n")
        answer = await reader.read(65_536)
        answer += await reader.read(65_536)
        writer.close()
    except OSError as error:
        return f"the edge does not answer: {error}"
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 200"):
        return None
    try:
        return json.dumps(json.loads(body).get("missing"))
    except ValueError:
        return head.decode("latin-1").partition("\r\n")[0] or "the edge does not answer"
