"""PostgreSQL and Valkey as children: started side by side, at the same address after a crash."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import Protocol

from embedded.logs import last_line
from embedded.servers import Postgres, ServerStartError, Valkey, free_port
from embedded.supervisor.child import Child
from embedded.supervisor.errors import CannotStartError
from embedded.supervisor.home import Home


class Server(Protocol):
    """What both have."""

    process: subprocess.Popen[bytes] | None

    def launch(self) -> None: ...
    def wait_ready(self) -> None: ...


def postgres(home: Home) -> Postgres:
    """The server of this home; `prepare` it off the event loop, then `child` it."""
    (home.folder / "postgres").mkdir(exist_ok=True)
    sweep_sockets(home)
    return Postgres(home.folder / "postgres" / "data")


def valkey(home: Home) -> Valkey:
    """The server of this home. Its port stays for a run, so that clients come back after a crash."""
    return Valkey(home.folder / "valkey" / "data", port=free_port())


def child(name: str, server: Server, *, grace_s: float) -> Child:
    """`server` as a child."""

    def launch() -> subprocess.Popen[bytes]:
        server.launch()
        assert server.process
        return server.process

    return Child(name, launch, grace_s=grace_s)


async def ready(server: Server, log: Path) -> None:
    """Wait until it serves. Raises CannotStartError."""
    try:
        await asyncio.to_thread(server.wait_ready)
    except ServerStartError as error:
        raise CannotStartError(f"{error}: {last_line(log)}") from None


def sweep_sockets(home: Home) -> None:
    """Remove the socket folder that a killed supervisor left behind."""
    url = str((home.state() or {}).get("database", ""))
    folder = Path(url.partition("?host=")[2])
    if folder.name.startswith("eco2-pg-"):
        shutil.rmtree(folder, ignore_errors=True)
