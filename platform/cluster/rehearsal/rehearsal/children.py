"""The rehearsal's own processes: they live as long as it does, and are ended by pid."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from localcluster.errors import ClusterError

from rehearsal.paths import STATE

LOGS = STATE / "log"
_LOG_LINES = 15
_running: dict[str, subprocess.Popen[bytes]] = {}


def start(name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Start `command`, gently; what it says goes to its log."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("wb") as log:
        _running[name] = subprocess.Popen(
            ["nice", "-n", "10", *command],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def must_run(name: str) -> None:
    """Raises ClusterError with the end of its log when the process has ended."""
    if _running[name].poll() is None:
        return
    lines = (LOGS / f"{name}.log").read_text(errors="replace").splitlines()[-_LOG_LINES:]
    raise ClusterError(f"{name} has ended; its log ends with:\n" + "\n".join(lines))


def stop(name: str, timeout_s: float = 20) -> None:
    """End it; by SIGKILL after `timeout_s`. Does nothing when it does not run."""
    process = _running.pop(name, None)
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout_s)
