"""One child process: started, watched, started again when it ends by itself, stopped when it shall."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from embedded.servers.process import Greeting, Server, spawn

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0
STEADY_S = 20.0
"""A child that ran for so long starts again without waiting, however often it ended before."""
KILLED_WAIT_S = 5.0
_log = logging.getLogger("eco2.supervisor")


@dataclass(slots=True)
class Child:
    """A child process that is kept running.

    `launch` starts it, quickly, and from a thread that outlives it: to that thread Linux ties the parent-death signal.
    `serves` blocks until a process that was started again can be asked; only then is its start told. `greeting` is what
    it answers as long as it does not hang. `on_lost` hears of the error that ended the looking after it.
    """

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    on_change: Callable[[], None] = lambda: None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 10.0
    after_stop: Callable[[], None] | None = None
    serves: Callable[[], None] | None = None
    greeting: Greeting | None = None
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    failures: int = 0
    stopping: bool = False
    asked: bool = False
    on_lost: Callable[[BaseException], None] = lambda _error: None
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self.process.pid if self.process and self.process.returncode is None else None

    async def start(self) -> None:
        """Start and keep running until `stop`. Raises what `launch` raises."""
        self._launch()
        self._watch = asyncio.create_task(self._keep_running(), name=f"child {self.name}")
        self._watch.add_done_callback(self._watched)

    def _watched(self, watch: asyncio.Task[None]) -> None:
        if not watch.cancelled() and (error := watch.exception()):
            _log.critical("%s is not looked after any more", self.name, exc_info=error)
            self.on_lost(error)

    async def _keep_running(self) -> None:
        while True:  # ends with the child that shall not be started again
            started = monotonic()
            await self._ended.wait()
            if self.stopping:
                return
            assert self.process
            if self.asked:
                self.asked = False
                self.failures, wait_s = 0, 0.0
            else:
                wait_s = self._failed(started)
            self.on_change()
            await asyncio.sleep(wait_s)
            self.restarts += 1
            try:
                self._launch()
                if self.serves:
                    await asyncio.to_thread(self.serves)
            except (OSError, RuntimeError) as error:
                _log.error("%s can't be started: %s", self.name, str(error).partition("\n")[0])
                continue
            self.on_change()

    def _failed(self, started: float) -> float:
        """Count an end that nobody asked for; how long to wait before the next start."""
        assert self.process
        self.failures = 1 if monotonic() - started >= STEADY_S else self.failures + 1
        wait_s = min(FIRST_WAIT_S * float(2 ** (self.failures - 1)), LONGEST_WAIT_S)
        _log.warning(
            "%s ended with %s; it starts again in %.1f s", self.name, self.process.returncode, wait_s
        )
        return wait_s

    def again(self) -> None:
        """Ask the process to end and start it again at once; for the count it is no failure."""
        if self.pid is not None:
            self.asked = True
            os.kill(self.pid, self.stop_signal)

    def _launch(self) -> None:
        self.process = self.launch()
        self._ended.clear()
        descriptor = os.pidfd_open(self.process.pid)
        asyncio.get_running_loop().add_reader(descriptor, self._reap, descriptor)

    def _reap(self, descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        assert self.process
        self.process.wait(KILLED_WAIT_S)
        self._ended.set()

    async def stop(self) -> None:
        """Ask to stop, wait `grace_s`, then kill."""
        self.stopping = True
        if self._watch and self._ended.is_set():
            self._watch.cancel()  # between two runs
        for signum, wait_s in ((self.stop_signal, self.grace_s), (signal.SIGKILL, KILLED_WAIT_S)):
            if self.pid is None:
                break
            with suppress(ProcessLookupError):
                os.kill(self.pid, signum)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._ended.wait()
        if self._watch:
            await asyncio.wait({self._watch})
        if self.after_stop:
            await asyncio.to_thread(self.after_stop)

    def replace(self) -> None:
        """End this process at once, also one that is stopped or stuck; another takes its place."""
        if self.pid and self.process:
            self.process.kill()

    def kill(self) -> None:
        """End at once, for good."""
        self.stopping = True
        self.replace()


def server_child(
    name: str,
    server: Server,
    *,
    grace_s: float,
    after_stop: Callable[[], None] | None = None,
    serves: Callable[[], None] | None = None,
) -> Child:
    """`server` as a child; it keeps its address when it is started again."""
    child = Child(name, lambda: launch(), grace_s=grace_s, after_stop=after_stop, serves=serves)

    def launch() -> subprocess.Popen[bytes]:
        server.launch()
        child.greeting = server.greeting  # by now it has an address
        assert server.process
        return server.process

    return child


def python(
    arguments: Sequence[str], *, log: Path, environment: Mapping[str, str], fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """`python -m …` with the given listening sockets; output is appended to `log`, nothing else is inherited.

    It is killed when the supervisor dies: our processes are made to be killed at any time, and a graceful end
    could outlast the machine's owner's patience.
    """
    command = [sys.executable, "-P", "-m", *arguments]  # -P: never a module that lies in the working folder
    return spawn(command, log, dies_by=signal.SIGKILL, env=dict(environment), pass_fds=tuple(fds))
