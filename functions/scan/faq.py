"""What is asked about waste without a thing: bags after moving, days, fines. Asked only where nothing is named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from pydantic_core import from_json

from functions.scan.defaults import DATA
from functions.scan.utterance import Utterance


@dataclass(frozen=True, slots=True)
class FaqEntry:
    """An answer in sentences, with what to do in steps and the ids of its sources, to what `asked` finds."""

    id: str
    asked: re.Pattern[str]
    answer: tuple[str, ...]
    steps: tuple[str, ...]
    sources: tuple[str, ...]
    first: bool = False  # whether it answers though a thing is named: 빈병 40개 한번에 받아주나요


def answered(question: str) -> FaqEntry | None:
    """The entry that answers the question; the first that fits."""
    letters = Utterance.of(question).letters
    return next((each for each in entries() if each.asked.search(letters)), None)


def explained(question: str) -> FaqEntry | None:
    """The entry that says why something is done to things, where that is asked: why they are washed."""
    entry = answered(question)
    return entry if entry and entry.id.startswith("why-") else None


@cache
def entries() -> tuple[FaqEntry, ...]:
    """All entries of faq.json, in order."""
    return tuple(
        FaqEntry(
            row["id"],
            re.compile(row["asked"]),
            tuple(row["answer"]),
            tuple(row["steps"]),
            tuple(row["sources"]),
            row.get("first", False),
        )
        for row in from_json((DATA / "faq.json").read_bytes())
    )
