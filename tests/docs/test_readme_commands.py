"""README's commands run, each as it stands there, in a copy of the code that begins with nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.servers.process import free_port
from embedded.servers.service_user import PASSABLE
from tests.docs.test_readme import PAGES, bare, blocks
from tests.tree import ROOT, copied

ENDS_S = 240
LOOKS_S = 10
SERVE = ".venv/bin/eco2 up --reload"
FOLLOWING = re.compile(r" (?:--follow|-f)\b")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code with what `make setup` leaves, and a photo."""
    made = copied(tmp_path_factory.mktemp("readme"), "pyproject.toml")
    for folder in (made, *made.parents[:3]):
        folder.chmod(PASSABLE)
    (made / ".venv").symlink_to(ROOT / ".venv")
    shutil.copy(ROOT / "cli/samples/glass-bottle.jpg", made / "photo.jpg")
    return made


@pytest.fixture(scope="module")
def served(copy: Path) -> Iterator[Path]:
    """The copy while README's platform runs in it, in the background."""
    run(copy, f"{SERVE} --detach --model simulated --processes 1 --port {free_port()}")
    yield copy
    run(copy, ".venv/bin/eco2 down")


def run(folder: Path, command: str) -> str:
    """Type a command; one that follows is looked at for a while. What it printed."""
    seconds = LOOKS_S if FOLLOWING.search(command) else ENDS_S
    done = subprocess.run(
        ["timeout", "--signal=INT", "--preserve-status", str(seconds), "bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "ECO2_LANG": "en", "ECO2_HOME": str(folder / ".eco2")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ENDS_S + 30,
        check=False,
    )
    assert done.returncode in ((0, 130) if FOLLOWING.search(command) else (0,)), (
        f"{command}: {done.stdout[-1500:]}{done.stderr[-3000:]}"
    )
    return done.stdout


def written() -> list[str]:
    """Every line of README that runs `eco2`, in its order; the platform itself comes first."""
    found = [line for block in blocks(PAGES[""]) for line in bare(block) if ".venv/bin/eco2" in line]
    return [SERVE, *(line for line in found if line != SERVE)]


def test_readme_has_commands() -> None:
    assert SERVE in [line for block in blocks(PAGES[""]) for line in bare(block)]
    assert len(written()) >= 10


def test_every_command_runs(served: Path) -> None:
    told = {}
    for command in written()[1:]:
        if "new function" in command:
            log = served / ".eco2/logs/up.log"
            before = log.read_text().count("functions run it")
            told[command] = run(served, command)
            run(served, f"until [ $(grep -c 'functions run it' {log}) -gt {before} ]; do sleep 0.2; done")
        else:
            told[command] = run(served, command)
    for part, said in (
        ("eco2 scan", "How to dispose of it"),
        ("eco2 jobs", "completed"),
        ("eco2 events", "scan-record"),
        ("eco2 ask", "배터리"),
        ("eco2 invoke", "user_id"),
        ("eco2 logs", "stats-greeting"),
    ):
        (command,) = (each for each in told if part in each)
        assert said in told[command], f"{command}: {told[command]}"
