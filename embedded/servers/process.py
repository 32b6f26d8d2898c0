"""What servers have in common: a child process that dies with its parent, comes up, and is stopped."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
_PR_SET_PDEATHSIG = 1
_reserved: deque[int] = deque()  # descriptors of their marks; the kernel closes them when the process ends
_LIBC = ctypes.CDLL(None)  # loaded before any fork: there it must not allocate or import


class ServerStartError(RuntimeError):
    """A server did not come up; the message says why, or holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """Words that a server answers at once, whatever else it does, at an address of TCP or a Unix socket."""

    address: tuple[str, int] | Path
    words: bytes


class Server(ABC):
    """A server as a child process, which keeps its address when it is started again."""

    name: ClassVar[str]
    start_timeout_s: ClassVar[float] = START_TIMEOUT_S
    process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it serves; valid after `start`."""

    @property
    @abstractmethod
    def greeting(self) -> Greeting:
        """What it answers at once as long as it does not hang."""

    @property
    @abstractmethod
    def logs(self) -> list[Path]:
        """What it writes, the file of its output first."""

    def start(self) -> None:
        """Start and wait until it serves. Raises ServerStartError."""
        self.launch()
        self.wait_ready()

    @abstractmethod
    def launch(self) -> None:
        """Start the process, at the same address when it was started before. Raises ServerStartError."""

    def wait_ready(self) -> None:
        """Wait until it serves. Raises ServerStartError."""
        assert self.process
        if not comes_up(self.process, self._answers, self.start_timeout_s):
            self.stop()
            ends = "\n".join(f"{log} ends with:\n{last_lines(log)}" for log in self.logs)
            raise ServerStartError(f"{self.name} did not start; {ends}")

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it serves now; False or OSError: not yet."""

    def stop(self) -> None:
        """Stop in order."""
        end(self.process)


def spawn(
    command: Sequence[str], log: Path, *, dies_by: int = signal.SIGTERM, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a child that appends its output to `log` and dies by a signal with this process; options of Popen."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is the supervisor's to hand on
            preexec_fn=lambda: die_with_parent(dies_by),  # noqa: PLW1509 - prepared, one C call
            **{"stdin": subprocess.DEVNULL, **options},
        )


def first_words(address: tuple[str, int], asked: bytes) -> bytes:
    """The beginning of what a server answers. Raises OSError."""
    with socket.create_connection(address, 2) as connection:
        connection.sendall(asked)
        return connection.recv(16)


def die_with_parent(signum: int = signal.SIGTERM) -> None:
    """In a child, before exec: ask Linux to send `signum` when the parent dies (no orphans after kill -9).

    Linux means the parent's *thread*: start children from one that lives as long as they should.
    """
    with contextlib.suppress(OSError, AttributeError):  # not Linux: the next start cleans up instead
        _LIBC.prctl(_PR_SET_PDEATHSIG, signum)


def _reserve(port: int) -> None:
    """Keep other processes' `free_port` from this port until its server holds it; OSError where another has it.

    Two platforms or tests that start at once would else take one port now and then. The mark is a name among
    Linux' abstract sockets, which goes with the process.
    """
    if sys.platform == "linux":
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0eco2-port-{port}")
        except OSError:
            mark.close()
            raise
        _reserved.append(mark.detach())
        if len(_reserved) > 64:  # the oldest port has long been bound by its server
            os.close(_reserved.popleft())


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
            _reserve(port)
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


def end(
    process: subprocess.Popen[bytes] | None, signum: int = signal.SIGTERM, timeout_s: float = STOP_TIMEOUT_S
) -> None:
    """Signal the process and wait for its end; kill it when that takes longer than `timeout_s`."""
    if process is None or process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signum)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout_s)
