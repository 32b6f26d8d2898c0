"""A PostgreSQL made anew from an archive, to the newest commit or to a point in time; and a replica that takes over."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import time
from datetime import datetime
from pathlib import Path

import psycopg

from embedded.servers import service_user
from embedded.servers.postgres import Postgres
from recovery.archive import BACKUP_TIMEOUT_S, WalArchive

PROMOTE_TIMEOUT_S = 120.0


def configure(server: Postgres, settings: dict[str, str]) -> None:
    """Append settings to a server that is prepared and not yet started."""
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
    with (server.data / "postgresql.conf").open("a") as file:
        file.writelines(lines)


def restore(archive: WalArchive, folder: Path, *, until: datetime | None = None) -> Postgres:
    """A running server with the newest base backup and the WAL after it; with `until`, to just before that time.

    It takes writes when this returns.
    """
    data, wal = folder / "data", folder / "wal"
    data.mkdir(mode=0o700)
    wal.mkdir()
    with tarfile.open(fileobj=io.BytesIO(archive.fetch(f"base/{archive.bases()[-1]}"))) as base:
        base.extractall(data)  # noqa: S202 - our own backup, and 3.11.2 has no filters
    (data / "pg_wal").mkdir(exist_ok=True)
    data.chmod(0o700)
    for name in archive.segments():
        (wal / name.removesuffix(".gz")).write_bytes(archive.fetch(f"wal/{name}"))
    (data / "recovery.signal").touch()
    server = Postgres(data)
    settings = {
        "archive_mode": "off",  # the restored one gets an archive of its own
        "restore_command": f'cp "{wal}/%f" "%p"',
        "recovery_target_action": "promote",
    }
    if until:
        settings |= {"recovery_target_time": until.isoformat(), "recovery_target_inclusive": "off"}
    configure(server, settings)
    owned(folder)
    server.start()
    wait_writable(server)
    return server


def replica(primary: Postgres, folder: Path) -> Postgres:
    """A running standby that follows `primary` by streaming."""
    data = folder / "data"
    command = [str(service_user.programs() / "pg_basebackup"), "-d", primary.url, "-D", str(data)]
    command += ["--checkpoint=fast", "-X", "stream", "--write-recovery-conf"]
    subprocess.run(command, capture_output=True, timeout=BACKUP_TIMEOUT_S, check=True)
    server = Postgres(data)
    configure(server, {"archive_mode": "off", "hot_standby": "on"})
    owned(folder)
    server.start()
    return server


def promote(server: Postgres) -> None:
    """Make a standby the primary, and wait until it takes writes."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("SELECT pg_promote(wait => true)")
    wait_writable(server)


def wait_writable(server: Postgres) -> None:
    """Wait until recovery is over. Raises TimeoutError."""
    deadline = time.monotonic() + PROMOTE_TIMEOUT_S
    while time.monotonic() < deadline:
        with psycopg.connect(server.url, autocommit=True) as connection:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
            if row == (False,):
                return
        time.sleep(0.05)
    raise TimeoutError(f"PostgreSQL in {server.data} did not end its recovery")


def owned(folder: Path) -> None:
    """Give a folder to the user that the server runs as, where that is another."""
    if os.geteuid() != 0:
        return
    user = service_user.name()
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, user, user)
