"""A copy of the code, for tests that change it."""

from __future__ import annotations

import shutil
from pathlib import Path

from cli.remove import packages

ROOT = Path(__file__).resolve().parents[1]
_FOLDERS = (*packages(ROOT), "platform/knative", "platform/cluster/observability", "docs")
_TESTS = (
    "__init__.py",
    "conftest.py",
    "embedded/__init__.py",
    "embedded/serving.py",
    "functions",
    "schemas",
)


def copied(to: Path, *files: str) -> Path:
    """All packages without what tests other things, and these files; `to` is there already."""
    for path in (*_FOLDERS, *(f"tests/{name}" for name in _TESTS), *files):
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, to / path, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / path, to / path)
    return to
