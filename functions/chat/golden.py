"""Questions with what they ask for, `data/golden`: those that the rules were tuned on, and those held out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

_FOLDER: Final = Path(__file__).resolve().parent / "data" / "golden"
Half = Literal["tuning", "held_out"]


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    """A question, the one before it where it points back, and the intents that a reader sees in it."""

    text: str
    before: str
    intents: frozenset[str]

    @property
    def kind(self) -> str:
        """`single`, `multi` or `follow-up`."""
        return "follow-up" if self.before else "multi" if len(self.intents) > 1 else "single"

    @property
    def history(self) -> list[dict[str, str]]:
        """The conversation before it."""
        return [{"role": "user", "content": self.before}] if self.before else []


@dataclass(frozen=True, slots=True)
class Injection:
    """What somebody tries, and what no answer to it may say."""

    text: str
    never: re.Pattern[str]


def questions(half: Half) -> list[GoldenQuestion]:
    """One half of the questions."""
    found = []
    for line in _lines(half):
        intents, _, text = line.partition(" | ")
        before, arrow, after = text.partition(" >> ")
        question = (after, before) if arrow else (text, "")
        found.append(GoldenQuestion(*question, frozenset(intents.split())))
    return found


def injections() -> list[Injection]:
    """All that people try."""
    pairs = (line.partition(" => ") for line in _lines("injections"))
    return [Injection(text, re.compile(never)) for text, _, never in pairs]


def _lines(name: str) -> list[str]:
    text = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
