"""The instructions that hosted models get, from `functions/chat/data/prompts`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

_FOLDER = Path(__file__).resolve().parent.parent / "data" / "prompts"


@cache
def prompt(task: Literal["intent", "answer", "search", "summary"]) -> str:
    """How to tell what is asked for, how to answer, how to search the web, or how to sum up a conversation."""
    return (_FOLDER / f"{task}.md").read_text()
