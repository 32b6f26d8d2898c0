"""Functions in a process of their own, as a pod runs them; a test may kill it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from embedded.supervisor.sockets import listen, port_of


@asynccontextmanager
async def hosted(
    *names: str, environ: Mapping[str, str]
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The address of a host of these functions (the Host header names one of them), and its process."""
    with listen() as listener:
        command = ["-m", "functions.runtime", *names, "--fd", str(listener.fileno())]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, pass_fds=[listener.fileno()], env={**os.environ, **environ}
        )
        try:
            yield f"http://127.0.0.1:{port_of(listener)}", process
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(20):
                await process.wait()
