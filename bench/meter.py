"""Measures CPU seconds and memory of the platform's processes, by kind of process."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import psutil

RABBITMQ = frozenset({"beam.smp", "erl_child_setup", "inet_gethost", "epmd"})
MEMORY_EVERY = 5  # samples; reading PSS walks page tables
LABEL_WORDS = 3


@dataclass(slots=True)
class ProcessUsage:
    """CPU and memory of all processes. Bytes; PSS counts a shared page once. `machine_cpu_s` is everybody's."""

    by_label: dict[str, float] = field(default_factory=dict)
    machine_cpu_s: float = 0.0
    first_pss: int = 0
    peak_rss: int = 0
    peak_pss: int = 0
    processes: dict[str, int] = field(default_factory=dict)
    meter_cpu_s: float = 0.0

    @property
    def cpu_s(self) -> float:
        return sum(self.by_label.values())


class Meter:
    """Measures between enter and exit: the tree below `root`, plus every process that runs in or names `home`
    (PostgreSQL and RabbitMQ detach from the tree), plus processes called one of `names`; never `without`.

    A process that ends meanwhile counts with its last sample, one a second; `usage` is whole after exit.
    """

    def __init__(
        self,
        root: int,
        *,
        home: Path | None = None,
        names: Collection[str] = (),
        without: Collection[int] = (),
        every_s: float = 1.0,
    ) -> None:
        self.usage = ProcessUsage()
        self._root, self._home, self._names, self._without = root, home, frozenset(names), frozenset(without)
        self._every_s = every_s
        self._known: dict[psutil.Process, str | None] = {}
        self._first: dict[psutil.Process, float] = {}
        self._last: dict[psutil.Process, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)

    def __enter__(self) -> Meter:
        self._sample(memory=True)
        self._first = dict(self._last)
        self.usage.first_pss = self.usage.peak_pss
        self.usage.machine_cpu_s = -_machine_cpu_s()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self.usage.machine_cpu_s += _machine_cpu_s()
        self._sample(memory=True)
        by_label: dict[str, float] = defaultdict(float)
        for process, cpu_s in self._last.items():
            by_label[self._known[process] or ""] += cpu_s - self._first.get(process, 0.0)
        self.usage.by_label = dict(sorted(by_label.items(), key=lambda item: -item[1]))

    def _run(self) -> None:
        samples = 0
        while not self._stop.wait(self._every_s):
            samples += 1
            self._sample(memory=samples % MEMORY_EVERY == 0)
        self.usage.meter_cpu_s = time.thread_time()

    def _sample(self, *, memory: bool) -> None:
        rss = pss = 0
        running: Counter[str] = Counter()
        for process in self._measured():
            try:
                times = process.cpu_times()
                self._last[process] = times.user + times.system
                running[self._known[process] or ""] += 1
                if memory:
                    full = process.memory_full_info()
                    rss, pss = rss + full.rss, pss + full.pss
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        if memory:
            self.usage.peak_rss, self.usage.peak_pss = (
                max(rss, self.usage.peak_rss),
                max(pss, self.usage.peak_pss),
            )
            self.usage.processes = dict(running)

    def _measured(self) -> Iterator[psutil.Process]:
        try:
            tree = {self._root, *(child.pid for child in psutil.Process(self._root).children(recursive=True))}
        except psutil.NoSuchProcess:
            tree = set()
        for process in psutil.process_iter():
            if process not in self._known or (self._known[process] is None and process.pid in tree):
                self._known[process] = self._label(process, tree)
            if self._known[process] is not None:
                yield process

    def _label(self, process: psutil.Process, tree: set[int]) -> str | None:
        """The kind of a process, None if it is not the platform's."""
        if process.pid in self._without:
            return None
        try:
            name, command = process.name(), process.cmdline()
            ours = process.pid in tree or name in self._names
            if not ours and self._home is not None:
                home = str(self._home)
                ours = any(home in word for word in command) or process.cwd().startswith(home)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            return None
        return label(name, command) if ours else None


def _machine_cpu_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def label(name: str, command: list[str]) -> str:
    """Short name by which processes of one kind are added up: `functions.runtime all`, `postgres`."""
    if name in RABBITMQ or any(word.endswith("/rabbitmq-server") for word in command):
        return "rabbitmq"
    if name.startswith("postgres") or not command:
        return name
    python = Path(command[0]).name.startswith("python")
    words = [word for word in (command[1:] if python else command) if word.strip()]
    if "-m" in words:
        words = words[words.index("-m") + 1 :]
    while words and words[0].startswith("-"):
        words = words[1:]
    if not words:
        return name
    kept = [Path(words[0].split()[0]).name]  # valkey-server adds its address to its name
    for word in words[1:LABEL_WORDS]:
        if word.startswith(("-", "/", "{")) or ":" in word:
            break
        kept.append(word)
    return " ".join(kept)[:40]
