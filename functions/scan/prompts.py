"""The instructions given to models, as files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "data/prompts"


@cache
def prompt(name: str) -> str:
    """The instructions for a task (`vision`, `answer`)."""
    return (FOLDER / f"{name}.md").read_text()
