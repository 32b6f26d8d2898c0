"""Waiting for the whole platform to serve."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from embedded.logs import last_line
from embedded.supervisor.child import Child
from embedded.supervisor.errors import CannotStartError

Address = tuple[str, int]
TIMEOUT_S = 60.0
ANSWER_S = 2.0
FAILURES = 4
"""A child that ended so often before the platform was ready won't come up."""


async def wait_ready(processes: Mapping[str, Address], children: Sequence[Child], logs: Path) -> None:
    """Ask each of `processes` (name → address) until all say that they serve.

    Raises CannotStartError naming the child that keeps ending, or what is missing after TIMEOUT_S.
    """
    missing = dict.fromkeys(processes, "not asked yet")
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while missing:
                for child in children:
                    if child.failures >= FAILURES:
                        log = logs / f"{child.name}.log"
                        raise CannotStartError(f"{child.name} keeps ending: {last_line(log)} (see {log})")
                for name in list(missing):
                    if reason := await ask(processes[name]):
                        missing[name] = reason
                    else:
                        del missing[name]
                if missing:
                    await asyncio.sleep(0.05)
    except TimeoutError:
        what = "; ".join(f"{name}: {reason}" for name, reason in missing.items())
        raise CannotStartError(f"not ready after {TIMEOUT_S:.0f} s: {what} (logs: {logs})") from None


async def ask(address: Address) -> str:
    """Why GET /health/ready there is not answered with 200; empty when it is."""
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(*address)
            try:
                writer.write(b"GET /health/ready HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
                answer = await reader.read(65_536)
            finally:
                writer.close()
    except TimeoutError:
        return "no answer in time"
    except OSError as error:
        return f"it does not answer: {error}"
    head = answer.partition(b"\r\n")[0].decode("latin-1")
    return "" if head.startswith("HTTP/1.1 200") else head or "it closes connections"
