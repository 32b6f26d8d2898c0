"""The whole platform as `eco2 up` starts it: a scan, crashes, a killed supervisor, and going on afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from cli import photo
from cli.client import Client
from cli.demo import PHOTO
from cli.main import main
from cli.scan import submit
from embedded.supervisor.home import Home

START_TIMEOUT_S = 90.0
Up = Callable[[], tuple[subprocess.Popen[bytes], dict[str, Any]]]


@pytest.fixture
def home() -> Iterator[Home]:
    """Not below pytest's folder: that is closed to the user that PostgreSQL runs as when we are root."""
    with tempfile.TemporaryDirectory(prefix="eco2-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Home(Path(folder) / "home")


@pytest.fixture
def up(home: Home) -> Iterator[Up]:
    """Start the platform in `home` and wait until it is ready; its process and state."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
        command = [sys.executable, "-m", "cli.main", "up", "--home", str(home.folder), "--port", "0"]
        process = subprocess.Popen([*command, "--processes", "1"], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout
        said = b""
        for line in process.stdout:
            said += line
            if b"serves at" in line:
                break
        state = home.state()
        assert state, said.decode()
        return process, state

    yield start
    for process in started:
        process.kill()
        process.wait(10)
        if process.stdout:
            process.stdout.close()


def scan(url: str) -> str:
    client = Client(url)
    client.sign_in("시험")
    result = submit(client, *photo.read(PHOTO), None, None, lambda _stage, _percent: None)
    assert result["status"] == "completed", result
    return str(result["task_id"])


def history(url: str) -> list[str]:
    client = Client(url)
    client.sign_in("시험")
    status, page = client.get("/api/v1/scan")
    assert status == 200
    return [row["job_id"] for row in page["scans"]]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + 30
    while not condition():
        assert monotonic() < deadline
        sleep(0.05)


def test_it_survives_crashes_and_goes_on_where_it_stopped(up: Up, home: Home) -> None:
    process, state = up()
    first = scan(state["url"])
    for name in ("functions-1", "broker", "edge", "valkey", "postgres"):
        pid = state["processes"][name]["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda name=name, pid=pid: _pid(home, name) not in (None, pid))  # type: ignore[misc]
    second = scan(state["url"])

    family = psutil.Process(process.pid).children(recursive=True)
    for command, said in (
        (["jobs", "--user", "시험"], second),
        (["events", "--job", second], "accepted, completed"),
        (["dead-letters", "list"], "no dead letters"),
        (["dead-letters", "show", "1"], "no dead letter 1"),
        (["functions"], "scan-vision"),
        (["doctor"], "started again 1 times"),
        (["up"], f"is running already at {state['url']}"),
    ):
        home_option = [] if command == ["functions"] else ["--home", str(home.folder)]
        shown = CliRunner().invoke(main, [*command, *home_option], env={"ECO2_URL": None})
        assert said in shown.output, (command, shown.output)
    process.kill()
    process.wait(10)
    _gone, alive = psutil.wait_procs(family, timeout=30)
    assert not [one.name() for one in alive if one.status() != psutil.STATUS_ZOMBIE]
    assert not home.is_running()

    process, state = up()
    assert history(state["url"]) == [second, first]
    family = psutil.Process(process.pid).children(recursive=True)
    down = subprocess.run(
        [sys.executable, "-m", "cli.main", "down", "--home", str(home.folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (down.returncode, down.stdout.strip()) == (0, "stopped"), down.stderr
    assert process.wait(10) == 0
    assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert "PRIVATE" not in json.dumps(home.state())


def _pid(home: Home, name: str) -> int | None:
    pid = ((home.state() or {}).get("processes", {}).get(name) or {}).get("pid")
    return int(pid) if pid else None
