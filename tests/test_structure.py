"""What holds for the code as a whole: who may import whom, what a name means, how large a module is."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from cli.remove import packages

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = packages(ROOT)


def test_packages_import_only_what_they_may() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_a_class_name_means_one_thing() -> None:
    meanings: dict[str, list[str]] = defaultdict(list)
    for path in modules(*PACKAGES):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                meanings[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert {name: places for name, places in meanings.items() if len(places) > 1} == {}


def test_no_module_is_longer_than_350_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): path.read_text().count("\n") for path in modules(*PACKAGES, "platform")
    }
    assert {path: length for path, length in lengths.items() if length > 350} == {}


def modules(*folders: str) -> Iterator[Path]:
    """Every module in these folders."""
    for package in folders:
        yield from sorted((ROOT / package).rglob("*.py"))
