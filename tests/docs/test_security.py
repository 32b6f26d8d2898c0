"""docs/security.md names tests that exist, and every chapter of ASVS has its word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from functions.runtime.personal import everywhere

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
CASES = ROOT.parent / "shared" / "cases"
FAULTS = re.findall(r"^\| ([a-z][a-z0-9-]+-[a-z0-9-]+) \| .* \| (.*) \|$", PAGE, re.MULTILINE)
CITED = sorted(set(re.findall(r"`(tests/[a-z0-9_/]+\.py)(?:::(test_[a-z0-9_]+))?`", PAGE)))
ROWS = re.findall(r"^\| (V\d+.*?) \| (\w+|n/a) \| (.*) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("path", "name"), CITED)
def test_a_test_that_is_named_exists(path: str, name: str) -> None:
    text = (ROOT / path).read_text()
    assert not name or re.search(rf"def {name}\b", text)


def test_every_chapter_has_its_word() -> None:
    assert {verdict for _, verdict, _ in ROWS} == {"pass", "fail", "n/a"}
    chapters = {int(number) for section, _, _ in ROWS for number in re.findall(r"V(\d+)", section)}
    assert chapters == set(range(1, 18))
    assert len(CITED) > 50


@pytest.mark.parametrize(("section", "verdict", "why"), ROWS)
def test_what_is_said_has_a_reason(section: str, verdict: str, why: str) -> None:
    documented = "documentation" in section or "inventory" in section
    if verdict == "pass" and not documented:
        assert "`tests/" in why, section
    if verdict == "fail":
        assert re.search(r"\(\d+\.\d+\.\d+", why), f"{section}: which requirement fails?"


def test_every_fault_that_was_found_has_its_tests() -> None:
    names = [name for name, _ in FAULTS]
    assert len(names) == len(set(names)) > 20
    assert all("::test_" in tests for _, tests in FAULTS)


def test_everything_that_is_held_of_people_is_told_with_what_protects_it() -> None:
    section = PAGE.partition("## What is held of people\n")[2].partition("\n## ")[0]
    told = re.findall(r"`([a-z]+\.[a-z_]+)`", section)
    assert sorted(told) == sorted(table.name for held in everywhere() for table in held.tables)


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared is not there")
def test_no_reproduced_fault_is_left_out() -> None:
    assert {path.name for path in CASES.iterdir() if path.is_dir()} == {name for name, _ in FAULTS}
