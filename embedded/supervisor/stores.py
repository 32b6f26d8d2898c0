"""PostgreSQL, Valkey and RabbitMQ as children: started side by side, at the same address after a crash."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from embedded.logs import last_line
from embedded.servers import service_user
from embedded.servers.postgres import Postgres
from embedded.servers.process import Server, ServerStartError, free_port
from embedded.servers.rabbitmq import RabbitMQ
from embedded.servers.valkey import Valkey
from embedded.supervisor.errors import CannotStartError
from embedded.supervisor.home import Home

FUNCTIONS_ROLE = "eco2_functions"
"""Made by the migrations: no superuser, and it defines nothing."""


def postgres(home: Home) -> Postgres:
    """The server of this home; `prepare` it off the event loop before it becomes a child. Raises CannotStartError.

    Started by root in a home that its user can't pass to, it has a folder elsewhere, which `postgres` links to.
    """
    folder = home.folder / "postgres"
    try:
        if not folder.exists():
            if os.geteuid() == 0 and service_user.closed_above(folder):
                folder.unlink(missing_ok=True)  # a link to what is gone
                folder.symlink_to(service_user.place())
            else:
                folder.mkdir()
                folder.chmod(service_user.PASSABLE if os.geteuid() == 0 else 0o700)
    except ServerStartError as error:
        raise CannotStartError(str(error)) from None
    sweep_sockets(home)
    return Postgres(folder / "data")


def valkey(home: Home) -> Valkey:
    """The server of this home. Its port and password stay for a run, so that clients come back after a crash."""
    return Valkey(home.folder / "valkey" / "data", port=free_port(), password=secrets.token_hex(16))


def rabbitmq(home: Home) -> RabbitMQ:
    """The server of this home."""
    return RabbitMQ(home.folder / "rabbitmq")


async def ready(server: Server) -> None:
    """Wait until it serves. Raises CannotStartError."""
    log = server.logs[0]
    try:
        await asyncio.to_thread(server.wait_ready)
    except ServerStartError as error:
        what = str(error).partition(";")[0]
        raise CannotStartError(
            f"{what}: {last_line(log)} (see {log}); if its files are damaged, put a copy of {log.parent} back, "
            "or move it away to begin without what it holds"
        ) from None


def all_ready(started: Iterable[Server]) -> asyncio.Future[list[None]]:
    """To be awaited until each server serves."""
    waiting = asyncio.gather(*map(ready, started))
    waiting.add_done_callback(_looked_at)  # where the start fails for another reason, nobody awaits it
    return waiting


def _looked_at(future: asyncio.Future[list[None]]) -> None:
    if not future.cancelled():
        future.exception()


def sweep_sockets(home: Home) -> None:
    """Remove the socket folder that a killed supervisor left behind."""
    url = str((home.state() or {}).get("database", ""))
    folder = Path(url.partition("?host=")[2])
    if folder.name.startswith("eco2-pg-"):
        shutil.rmtree(folder, ignore_errors=True)
