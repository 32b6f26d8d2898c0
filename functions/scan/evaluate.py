"""Recall@1 of the retrieval on the golden sets: `python -m functions.scan.evaluate`.

Items: each entry of the class list, by its name and by each alias alone, must find its item and rule.
Questions: free Korean must find the expected item (and with it the rule). Exit status 1 below the targets.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from functions.scan.classification import Classification
from functions.scan.question import DEFAULT_INPUT
from functions.scan.retrieval import retrieve, search
from functions.scan.taxonomy import DATA, taxonomy
from functions.scan.utterance import normal

ITEMS_TARGET, QUESTIONS_TARGET = 0.95, 0.9


@dataclass(frozen=True, slots=True)
class Recall:
    """How many of the asked were found at rank 1, and what was found instead of the others."""

    asked: int
    found: int
    misses: tuple[str, ...]

    @property
    def rate(self) -> float:
        """Recall@1, 0..1."""
        return self.found / self.asked


def golden(name: str) -> Iterator[dict[str, Any]]:
    """The rows of a golden set, without its heading."""
    for line in (DATA / "golden" / name).read_text().splitlines()[1:]:
        yield json.loads(line)


def items() -> Recall:
    """Each class-list entry through `retrieve`, as the pipeline calls it after the vision stage."""
    misses = []
    rows = list(golden("items.jsonl"))
    for row in rows:
        item = taxonomy().by_name[normal(row["item"])]
        where = Classification(
            major_category=item.major, middle_category=item.middle, minor_category=item.name
        )
        match = retrieve(where, item.name, [], DEFAULT_INPUT)
        if match is None or (match.rule.key, match.item) != (row["rule"], row["item"]):
            misses.append(f"{row['item']}: {match and (match.rule.key, match.item)}")
    return Recall(len(rows), len(rows) - len(misses), tuple(misses))


def names() -> Recall:
    """Each name and alias alone through `search`."""
    misses = []
    asked = [(name, item) for item in taxonomy().items for name in (item.name, *item.aliases)]
    for name, item in asked:
        match = search(name)
        if match is None or match.item != item.name:
            misses.append(f"{name}: {match and match.item}, not {item.name}")
    return Recall(len(asked), len(asked) - len(misses), tuple(misses))


def questions(name: str = "questions.jsonl") -> Recall:
    """Free-text questions through `search`."""
    misses = []
    rows = list(golden(name))
    for row in rows:
        match = search(row["question"])
        if match is None or match.rule.key != row["rule"] or (row["item"] and match.item != row["item"]):
            found = match and (match.rule.key, match.item, match.how)
            misses.append(f"{row['question']}: {found}, not {row['rule']}, {row['item']}")
    return Recall(len(rows), len(rows) - len(misses), tuple(misses))


def main() -> int:
    """Print the figures and every miss."""
    sets = {
        "items": (items(), ITEMS_TARGET),
        "names": (names(), ITEMS_TARGET),
        "questions": (questions(), QUESTIONS_TARGET),
        "questions, by rule": (questions("questions_by_rule.jsonl"), QUESTIONS_TARGET),
    }
    for name, (recall, target) in sets.items():
        print(f"{name}: recall@1 {recall.rate:.3f} ({recall.found}/{recall.asked}), target {target}")  # noqa: T201
        for miss in recall.misses:
            print(f"  {miss}")  # noqa: T201
    return int(any(recall.rate < target for recall, target in sets.values()))


if __name__ == "__main__":
    sys.exit(main())
