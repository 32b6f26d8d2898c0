"""A newcomer and a developer get there with few commands, and the developer's clone is as it was at the end."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from bench import stopwatch


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (("newcomer", "--packages", "linked"), "press a button → answer"),
        (("developer",), "its event is in the console"),
    ],
)
def test_it_gets_there_with_few_commands(who: tuple[str, ...], seen: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.stopwatch", *who],
        cwd=stopwatch.ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert seen in done.stdout
    (commands,) = re.findall(r"whole, (\d+) commands", done.stdout)
    assert 0 < int(commands) <= stopwatch.MOST_COMMANDS
