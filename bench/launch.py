"""Runs `eco2 up` as a process of its own, for the time of a measurement."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded.servers.process import comes_up, free_port


class NotReadyError(Exception):
    """The platform did not come up; the end of its log is in the message."""


@dataclass(frozen=True, slots=True)
class MeasuredPlatform:
    url: str
    pid: int
    home: Path
    ready_s: float

    def setting(self, name: str) -> str | None:
        """An `ECO2_` variable which one of the platform's processes was started with."""
        for process in psutil.Process(self.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if value := process.environ().get(name):
                    return value
        return None


@contextlib.contextmanager
def platform(
    *,
    broker: str = "embedded",
    processes: int | None = None,
    settings: Mapping[str, str] | None = None,
    timeout_s: float = 120.0,
) -> Iterator[MeasuredPlatform]:
    """Run a fresh platform with the simulated model until it is ready; stopped and its home removed at the end.

    Raises NotReadyError. `settings` are added to the environment.
    """
    with tempfile.TemporaryDirectory(prefix="eco2-bench-", ignore_cleanup_errors=True) as directory:
        os.chmod(directory, 0o755)  # PostgreSQL runs as another user when we are root
        home, port = Path(directory), free_port()
        command = [*eco2(), "up", "--port", str(port), "--home", str(home), "--broker", broker]
        command += ["--model", "simulated"]
        if processes is not None:
            command += ["--processes", str(processes)]
        log = home / "bench.log"
        started = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | dict(settings or {}),
                start_new_session=True,  # an interrupt at the terminal is ours to pass on
            )
        try:
            if not wait_ready(process, port, timeout_s):
                tail = log.read_text(errors="replace")[-3000:]
                what = f"not ready within {timeout_s:.0f} s" if process.poll() is None else "ended at once"
                raise NotReadyError(f"{what}: {' '.join(command)}\n{tail}")
            yield MeasuredPlatform(f"http://127.0.0.1:{port}", process.pid, home, time.monotonic() - started)
        finally:
            stop(process)


def eco2() -> list[str]:
    """The command line of eco2: installed beside this interpreter, or its module in a checkout."""
    installed = Path(sys.executable).with_name("eco2")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "cli.main"]


def wait_ready(process: subprocess.Popen[bytes], port: int, timeout_s: float) -> bool:
    """Whether GET /health/ready answers 200 before the time is over or the process ends."""
    return comes_up(process, lambda: is_ready(port), timeout_s)


def is_ready(port: int, host: str | None = None) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
    try:
        connection.request("GET", "/health/ready", headers={"Host": host} if host else {})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def stop(process: subprocess.Popen[bytes], timeout_s: float = 30.0) -> None:
    """Interrupt, then wait; what is left of the process and its children after the time is killed."""
    try:
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        tree = []
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout_s)
    for member in tree:
        with contextlib.suppress(
            psutil.NoSuchProcess
        ):  # compares start times: never another process of this id
            if member.is_running() and member.status() != psutil.STATUS_ZOMBIE:
                member.kill()
    process.wait(timeout_s)
