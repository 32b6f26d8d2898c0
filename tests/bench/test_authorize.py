"""The benchmark of the login check runs and prints a row of both functions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_both_functions_are_measured_in_one_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.authorize", "--seconds", "0.3", "--rate", "50"]
    command += ["--plots", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1:] for line in done.stdout.splitlines()[2:]]
    assert [row[0].strip() for row in rows] == ["does nothing", "authorize"]
    assert all(float(row[1].replace(",", "")) > 0 and float(row[4]) > 0 for row in rows)
    assert (tmp_path / "authorize.svg").exists()
