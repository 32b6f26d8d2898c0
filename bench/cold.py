"""Measures the cold start of every function, one at a time: from exec to the first 200 of GET /health/ready."""

from __future__ import annotations

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import plots
from bench.launch import is_ready, stop
from bench.report import table
from embedded.servers.process import free_port

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("process", "functions", "eventing", "brokers", "edge", "embedded", "cli", "schemas")
TARGET_S = 0.5
SLOW_TARGET_S = {"chat-agent": 1.5}
EVERY_S = 0.004


@dataclass(frozen=True, slots=True)
class ColdStart:
    """The starts of one function.

    Seconds of each, and of CPU, which a busy machine stretches less; `failure` is the end of the log.
    """

    name: str
    seconds: tuple[float, ...]
    cpu_s: tuple[float, ...]
    failure: str = ""

    def row(self) -> tuple[str, ...]:
        if self.failure:
            return (self.name, "", "", "", "", f"not ready: {self.failure.strip().splitlines()[-1][:100]}")
        middle = statistics.median(self.seconds)
        shown = (min(self.seconds), middle, max(self.seconds), statistics.median(self.cpu_s))
        target = SLOW_TARGET_S.get(self.name, TARGET_S)
        return (
            self.name,
            *(f"{s:.3f}" for s in shown),
            "" if middle <= target else f"over {target} s",
        )


def functions(root: Path = ROOT) -> dict[str, Path]:
    """Function name → folder: functions/<domain>/<function>/func.py is `<domain>-<function>`."""
    found = sorted(root.glob("functions/*/*/func.py"))
    return {f"{path.parent.parent.name}-{path.parent.name}".replace("_", "-"): path.parent for path in found}


def start(name: str, command: Sequence[str], port: int, starts: int, timeout_s: float = 15.0) -> ColdStart:
    """Start a server `starts` times, one after the other; gives up at the first that is not ready in time."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    seconds, cpu_s = [], []
    for _ in range(starts):
        with tempfile.TemporaryFile() as output:
            began = time.monotonic()
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                ready = until_ready(process, port, name, began + timeout_s)
                seconds.append(time.monotonic() - began)
                if ready:
                    used = psutil.Process(process.pid).cpu_times()
                    cpu_s.append(used.user + used.system)
            finally:
                stop(process, timeout_s=5.0)
            if not ready:
                output.seek(0)
                log = output.read().decode(errors="replace")[-2000:]
                return ColdStart(
                    name, tuple(seconds), tuple(cpu_s), log or f"no answer within {timeout_s:.0f} s"
                )
    return ColdStart(name, tuple(seconds), tuple(cpu_s))


def until_ready(process: subprocess.Popen[bytes], port: int, name: str, end: float) -> bool:
    while time.monotonic() < end and process.poll() is None:
        if is_ready(port, host=name):
            return True
        time.sleep(EVERY_S)
    return False


def measure(names: Sequence[str], starts: int) -> list[ColdStart]:
    """Measure every function, or those named, then one under functions-framework for comparison."""
    folders = {name: folder for name, folder in functions().items() if not names or name in names}
    for package in PACKAGES:
        compileall.compile_dir(ROOT / package, quiet=1)
    results = []
    for name in folders:
        port = free_port()
        command = [sys.executable, "-m", "functions.runtime", name, "--port", str(port)]
        results.append(start(name, command, port, starts))
        print(f"{name}: {' '.join(results[-1].row()[1:])}", file=sys.stderr, flush=True)
    sound = next((result.name for result in results if not result.failure), None)
    if sound is not None:
        results.append(under_framework(sound, folders[sound], starts))
    return results


def under_framework(name: str, folder: Path, starts: int) -> ColdStart:
    """Start a function by functions-framework, whose import alone is most of the time."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("functions-framework")), "--target", folder.name]
    command += ["--source", str(folder / "func.py"), "--port", str(port), "--host", "127.0.0.1", "--asgi"]
    found = start(name, command, port, starts)
    return ColdStart(f"{name} (functions-framework)", found.seconds, found.cpu_s, found.failure)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.cold", description=__doc__)
    parser.add_argument("names", nargs="*", help="functions; all if none is named")
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--json", type=Path, help="file for the seconds of each start")
    plots.plots_option(parser)
    options = parser.parse_args()
    results = measure(options.names, options.starts)
    print(
        table([result.row() for result in results], ("function", "min s", "median s", "max s", "CPU s", ""))
    )
    if options.json:
        options.json.write_text(json.dumps({result.name: result.seconds for result in results}, indent=1))
    if options.plots:
        medians = [statistics.median(result.seconds) for result in results if not result.failure]
        plots.save(
            options.plots / "cold.svg",
            plots.spread(
                "Cold starts, each function's median", "s from exec to ready", {"functions": medians}
            ),
        )
    return int(any(result.failure for result in results))


if __name__ == "__main__":
    sys.exit(main())
