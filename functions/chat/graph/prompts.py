"""The instructions that hosted models get, from `functions/chat/data/prompts`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

_FOLDER = Path(__file__).resolve().parent.parent / "data" / "prompts"


@cache
def prompt(task: Literal["intent", "answer", "search", "summary", "drawing"]) -> str:
    """How to tell what is asked for, how to answer, to search the web, to sum up a conversation, or to draw."""
    return (_FOLDER / f"{task}.md").read_text()
