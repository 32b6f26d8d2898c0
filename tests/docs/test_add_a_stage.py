"""docs/add-a-stage.md is followed, step by step, in a copy of the code; then a scan runs through the result."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/add-a-stage.md"
FENCE = re.compile(r"^```(\S+)(?: (\S+))?\n(.*?)^```", re.M | re.S)


def follow(page: str, copy: Path) -> list[tuple[Path, str]]:
    """Apply the page's changes (hunks: removed lines stand together, added ones replace them); its files."""
    files: list[tuple[Path, str]] = []
    for language, path, text in FENCE.findall(page):
        if language == "python" and path:
            files.append((copy / path, text))
        elif language == "diff":
            _apply(text, copy)
    return files


def write(target: Path, text: str) -> None:
    """Write a function's file, in a folder of its own."""
    target.parent.mkdir(parents=True, exist_ok=True)
    (target.parent / "__init__.py").touch()
    target.write_text(text)


def _apply(diff: str, copy: Path) -> None:
    target = copy / re.findall(r"^\+\+\+ b/(\S+)$", diff, re.M)[0]
    content = target.read_text()
    for hunk in re.split(r"^@@.*@@\n", diff, flags=re.M)[1:]:
        # Each run of changed lines is one replacement, anchored by what it removes.
        for run in re.findall(r"(?:^\+.*\n)*(?:^-.*\n)+(?:^\+.*\n)*", hunk, re.M):
            lines = run.splitlines(keepends=True)
            removed = "".join(line[1:] for line in lines if line.startswith("-"))
            added = "".join(line[1:] for line in lines if line.startswith("+"))
            assert content.count(removed) == 1, f"the page changes what is not there: {removed!r}"
            content = content.replace(removed, added)
    target.write_text(content)


def test_the_page_makes_a_working_stage(tmp_path: Path) -> None:
    copy = tmp_path / "eco2"
    ignore = shutil.ignore_patterns("__pycache__")
    for package in ("process", "functions", "eventing", "brokers", "edge", "embedded", "cli", "schemas"):
        shutil.copytree(ROOT / package, copy / package, ignore=ignore)
    shutil.copytree(ROOT / "tests", copy / "tests", ignore=ignore)
    (copy / "docs").mkdir()
    (first, typed), (second, by_sdk) = follow(PAGE.read_text(), copy)
    assert first == second
    write(first, typed)
    (copy / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\naddopts = -p no:cloudcoil\n")
    (copy / "tests/functions/scan/test_weigh.py").write_text(TEST)
    subprocess.run([sys.executable, "-m", "schemas.generate"], cwd=copy, check=True, timeout=120)
    assert (copy / "functions/scan/weigh/func.yaml").exists()
    for variant in (typed, by_sdk):
        write(first, variant)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/functions/scan/test_weigh.py",
        ]
        command += (
            ["tests/functions/scan/test_stages.py", "tests/functions/scan/test_line.py"]
            if variant is typed
            else []
        )
        ran = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=240, check=False)
        assert ran.returncode == 0, ran.stdout[-4000:]
        assert " passed" in ran.stdout


TEST = """
import json
from uuid import UUID

import tests.functions.scan.line as lines
from functions.scan.jobs import Jobs
from functions.scan.weigh import func


async def test_a_scan_is_weighed(settings, provider):
    assert func.__file__.startswith(lines.__file__.split("/tests/")[0])  # the copy, not the original
    async with lines.line(settings) as made:
        job_id = await made.submit(provider.image_url)
        await made.run()
        jobs = await made.resources.get(Jobs)
        result = json.loads(await jobs.result("u1", UUID(job_id)))
        assert result["status"] == "completed"
        assert result["pipeline_result"]["grams"] == 30
        story = await jobs.story(UUID(job_id))
    assert [step.stage for step in story][8:12] == ["weigh", "weigh", "reward", "reward"]
    assert ("scan-weigh", 200) in made.statuses
"""
