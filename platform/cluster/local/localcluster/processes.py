"""The node's processes: started into the network namespace, outliving the command, ended by pid.

A pid file also holds the process's start time, so that a pid which was given to somebody else is never signalled.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from localcluster import network
from localcluster.errors import ClusterError
from localcluster.paths import LOGS, PIDS, STATE
from localcluster.waiting import wait_for

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LOG_LINES = 15


def start(
    name: str, command: Sequence[str], environment: Mapping[str, str] | None = None, *, isolated: bool = True
) -> int:
    """Start `command` unless it runs; output goes to its log. `isolated`: inside the cluster's network.

    environment: added to a PATH and HOME, nothing is inherited. Returns the pid.
    """
    if pid := running(name):
        return pid
    LOGS.mkdir(parents=True, exist_ok=True)
    PIDS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            network.inside(*command) if isolated else list(command),
            env={"PATH": PATH, "HOME": str(STATE), "LANG": "C.UTF-8", **(environment or {})},
            cwd=STATE,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process.returncode = 0  # it stays on purpose: no warning that nobody waited for it
    try:
        (PIDS / name).write_text(f"{process.pid} {_started(process.pid)}")
    except (OSError, ValueError):  # it has ended already: `must_run` tells, with its log
        (PIDS / name).write_text(f"{process.pid} -")
    return process.pid


def configure(name: str, path: Path, content: str) -> None:
    """Write the file that the process reads at its start, and end a process that read another one.

    A file that stays the same is not touched: kube-proxy ends when its file is written.
    """
    with contextlib.suppress(FileNotFoundError):
        if path.read_text() == content:
            return
    stop(name)
    path.write_text(content)


def running(name: str) -> int | None:
    """The pid of a process that was started here and still runs."""
    with contextlib.suppress(OSError, ValueError):
        pid, started = (PIDS / name).read_text().split()
        if _started(int(pid)) == started:
            return int(pid)
    return None


def stop(name: str, timeout_s: float = 15, signum: int = signal.SIGTERM) -> None:
    """End it; SIGKILL after `timeout_s`. Does nothing when it does not run."""
    for attempt, wait_s in ((signum, timeout_s), (signal.SIGKILL, 5.0)):
        pid = running(name)
        if pid is None:
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, attempt)
        with contextlib.suppress(ClusterError):  # then by SIGKILL
            wait_for(f"the end of {name}", lambda: running(name) is None, wait_s, every_s=0.05)
        _reap(pid)
    (PIDS / name).unlink(missing_ok=True)


def stop_all() -> None:
    """End whatever still runs, what was started last first."""
    for name in sorted(names(), key=lambda name: -(PIDS / name).stat().st_mtime_ns):
        stop(name)


def names() -> list[str]:
    """Of every process that was started and not stopped."""
    return sorted(path.name for path in PIDS.glob("*")) if PIDS.exists() else []


def must_all_run() -> None:
    """Raises ClusterError when any process that was started has ended."""
    for name in names():
        must_run(name)


def must_run(name: str) -> None:
    """Raises ClusterError with the end of its log when the process has ended."""
    if running(name):
        return
    log = LOGS / f"{name}.log"
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:] if log.exists() else []
    raise ClusterError(f"{name} has ended; {log} ends with:\n" + "\n".join(lines))


def _started(pid: int) -> str:
    """Start time in clock ticks since boot; empty for a zombie. Source: proc(5), fields 3 and 22 of stat."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    if fields[0] == "Z":
        raise ValueError(f"process {pid} has ended")
    return fields[19]


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
