"""The home folder: who holds it, what runs there, and its secrets.

lock          held (flock) by the supervisor for as long as it lives
state.json    address, ports and process ids; only for the owner
secrets.json  keys made at the first start
logs/ objects/ keys/ postgres/ valkey/ rabbitmq/
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from embedded.servers.service_user import PASSABLE
from embedded.settings import EmbeddedSettings
from embedded.supervisor.errors import AlreadyRunningError, CannotStartError
from process.settings import read


def default_home() -> Path:
    """$ECO2_HOME or ./.eco2."""
    return Path(read(EmbeddedSettings, os.environ).home)


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below one folder."""

    folder: Path

    @property
    def logs(self) -> Path:
        """Where every process writes its log."""
        return self.folder / "logs"

    def make(self) -> None:
        """Create what is missing. Raises CannotStartError."""
        try:
            for folder in (self.folder, self.logs, self.folder / "objects"):
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(0o700)
            if os.geteuid() == 0:
                self.folder.chmod(PASSABLE)
        except OSError as error:
            raise CannotStartError(
                f"can't use {self.folder} as home: {error.strerror}; give --home"
            ) from None

    def lock(self) -> IO[str]:
        """Hold the home until the returned file is closed or the process ends. Raises AlreadyRunningError."""
        file = (self.folder / "lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise AlreadyRunningError(str(self.folder), (self.state() or {}).get("url", "")) from None
        return file

    def is_running(self) -> bool:
        """Whether a supervisor holds the home now."""
        try:
            with (self.folder / "lock").open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def state(self) -> dict[str, Any] | None:
        """What the supervisor wrote last; None when there is nothing (readable)."""
        try:
            state = json.loads((self.folder / "state.json").read_text())
        except (OSError, ValueError):
            return None
        return state if isinstance(state, dict) else None

    def write_state(self, state: dict[str, Any]) -> None:
        """Replace the state; a reader sees the old or the new one."""
        self._replace("state.json", state)

    def secret(self, name: str) -> str:
        """A random secret of this home, the same at every start. Raises CannotStartError."""
        path = self.folder / "secrets.json"
        try:
            known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        except ValueError:
            raise CannotStartError(
                f"{path} is damaged; remove it: new secrets are made, and open uploads have to be asked for again"
            ) from None
        if name not in known:
            known[name] = secrets.token_urlsafe(30)
            self._replace("secrets.json", known)
        return known[name]

    def _replace(self, name: str, content: dict[str, Any]) -> None:
        part = self.folder / f".{name}.part"
        with open(part, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the new name with no content
        part.replace(self.folder / name)
