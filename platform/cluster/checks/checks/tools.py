"""The programs of the checks: Go ones from pinned modules, Python ones from a lock with hashes; kept in the cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from localcluster import programs
from localcluster.errors import ClusterError
from localcluster.paths import cache

LOCK = Path(__file__).resolve().parents[1] / "tools.lock"
_INSTALL_TIMEOUT_S = 600


def prepare(report: Callable[[str], None]) -> None:
    """Build and install what is missing. Raises ClusterError."""
    programs.build(report, programs.CHECKERS)
    programs.copy_manifests(
        {"serving", "eventing", "rabbitmq"}, report
    )  # which production's own are patches of
    if not _environment().exists():
        report("installing ansible-lint, checkov, lupa and zizmor")
        _install()


def built(name: str) -> str:
    """The path of a Go program."""
    return str(programs.program(name))


def installed(name: str) -> str:
    """The path of a Python program."""
    return str(_environment() / "bin" / name)


def _environment() -> Path:
    return cache() / "bin" / f"checks-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"


def _install() -> None:
    """Into a folder that counts only when all of it is there."""
    target, uv = _environment(), str(Path(sys.executable).with_name("uv"))
    shutil.rmtree(target, ignore_errors=True)
    commands = (
        [uv, "venv", "--quiet", "--python", sys.executable, str(target)],
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            str(target / "bin/python"),
            "--require-hashes",
            "-r",
            str(LOCK),
        ],
    )
    for command in commands:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S, check=False
        )
        if done.returncode:
            shutil.rmtree(target, ignore_errors=True)
            raise ClusterError(f"{LOCK.name} can't be installed: {done.stderr[-500:]}")
