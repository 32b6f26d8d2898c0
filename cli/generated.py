"""Generated files of a clone, written again when a function came or went."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from cli.errors import CliError
from cli.words import say

TIMEOUT_S = 120


def documents(root: Path) -> None:
    """Write what `make docs` writes, in a process of its own, which reads what has been written. Raises CliError."""
    _run(root, "schemas.generate", "make docs", "")


def objects(root: Path) -> None:
    """Write what `make manifests` writes for functions. Raises CliError."""
    _run(root, "manifests", "make manifests", f"{root / 'platform/knative'}:{root}")


def _run(root: Path, module: str, command: str, path: str) -> None:
    environment = os.environ | ({"PYTHONPATH": path} if path else {})
    ran = subprocess.run(
        [sys.executable, "-m", module],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if ran.returncode:
        reason = (ran.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CliError(
            say("the files are as told, but {command} fails: {reason}", command=command, reason=reason),
            say("set it right, then: {command}", command=command),
        )
