"""`eco2 up --reload`: a new function is served, a change is run, what can't be imported changes nothing."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.launch import eco2, stop, wait_ready
from embedded.servers.process import free_port
from embedded.servers.service_user import PASSABLE

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("process", "functions", "eventing", "brokers", "edge", "embedded", "cli", "schemas")
WITHIN_S = 60.0
GREETING = '''"""Greets."""

from functions.runtime import http_function


@http_function("GET /api/v1/stats/greeting", public=True)
async def greeting() -> dict[str, str]:
    """A greeting."""
    return {"hello": "WORLD"}


new = greeting.new
'''


@dataclass
class Workbench:
    """A copy of the code, run with --reload."""

    root: Path
    port: int
    log: Path

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + WITHIN_S
        while not holds():
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.1)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    root = tmp_path / "eco2"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(PASSABLE)
    made = Workbench(root, free_port(), tmp_path / "up.log")
    command = [sys.executable, "-m", "cli.main", "up", "--reload", "--port", str(made.port)]
    command += ["--home", str(tmp_path / "home"), "--model", "simulated", "--processes", "1"]
    with made.log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": str(root), "ECO2_LANG": "en"},
            start_new_session=True,
        )
    try:
        assert wait_ready(process, made.port, 120), made.log.read_text()
        yield made
    finally:
        process.send_signal(signal.SIGINT)
        stop(process)


def test_a_functions_life_under_reload(bench: Workbench) -> None:
    bench.until(lambda: "stop: Ctrl-C" in bench.log.read_text())
    path = "/api/v1/stats/greeting"
    assert bench.get(path)[0] == 404
    folder = bench.root / "functions/stats/greeting"
    folder.mkdir(parents=True)
    (bench.root / "functions/stats/__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "func.py").write_text(GREETING)
    bench.until(lambda: bench.get(path) == (200, '{"hello":"WORLD"}'))
    assert "functions/stats/greeting/func.py" in bench.log.read_text()
    (folder / "func.py").write_text(GREETING.replace("WORLD", "모두"))
    bench.until(lambda: bench.get(path) == (200, '{"hello":"모두"}'))
    (folder / "func.py").write_text(GREETING + "\nraise RuntimeError('half a thought')\n")
    bench.until(lambda: "half a thought" in bench.log.read_text())
    assert "what ran goes on" in bench.log.read_text()
    assert bench.get(path) == (200, '{"hello":"모두"}')
    (folder / "func.py").write_text(
        GREETING.replace('return {"hello": "WORLD"}', 'raise RuntimeError("broke")')
    )
    bench.until(lambda: bench.get(path)[0] == 500)
    bench.until(
        lambda: "RuntimeError: broke" in bench.log.read_text()
    )  # with its traceback, on the console of `up`
    shutil.rmtree(folder)
    bench.until(lambda: bench.get(path)[0] == 404)


def test_a_platform_in_the_background_is_started_told_and_stopped(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(PASSABLE)
    home = tmp_path / "home"

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*eco2(), *arguments, "--home", str(home)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=os.environ | {"ECO2_LANG": "en"},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    told = run("up", "--detach", "--port", "0", "--model", "simulated", "--processes", "1")
    try:
        assert "stop: eco2 down" in told
        assert told.split()[3] in run("status")
        again = subprocess.run(
            [*eco2(), "up", "-d", "--home", str(home)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert again.returncode == 1
        assert "is running already" in again.stderr
        assert "reached the Broker" not in run("events", "--last", "0")
    finally:
        assert run("down") == "stopped\n"
