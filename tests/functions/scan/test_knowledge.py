"""What is known about waste is read when a process is ready, not before."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, sys
from functions.runtime.registry import load
from functions.runtime.resources import Resources
load(sys.argv[1])
read = lambda: [name for name in ("topics", "retrieval") if f"functions.scan.{name}" in sys.modules]
print(read())
from functions.scan.knowledge import Knowledge
asyncio.run(Knowledge.open(Resources({})))
print(read())
"""


@pytest.mark.parametrize(
    "name", ["scan-vision", "scan-rule", "scan-answer", "scan-reward", "scan-categories"]
)
def test_a_stage_is_ready_before_it_reads_what_is_known(name: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, name], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.splitlines() == ["[]", "['topics', 'retrieval']"]
