"""How well questions are answered, by the golden sets: `python -m functions.scan.evaluate [--misses]`.

`data/golden/tuning` may be looked at while the knowledge is improved, `data/golden/held_out` may not: its misses
are counted by cause and shown only with `--misses`. Each row is {text, expect: {item, major, middle, hazard, …}}.
Exit status 1 below the targets of the held-out half.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from functions.scan.defaults import DATA
from functions.scan.matches import RuleMatch
from functions.scan.retrieval import search
from functions.scan.taxonomy import taxonomy
from functions.scan.verdict import judged

GOLDEN = DATA / "golden"
RIGHT, MOST_CONFIDENT_WRONG = 0.95, 0.02

Verdict = Literal[
    "right",
    "dangerous",
    "false alarm",
    "confident wrong",
    "wrong guess",
    "second guess",
    "unknown",
    "not said",  # the place is told, but no yes or no
]


@dataclass(frozen=True, slots=True)
class GoldenRow:
    """A question and what must be found; a field of `expect` may list several values of which one is enough."""

    text: str
    expect: dict[str, Any]


Worth = Callable[[GoldenRow, RuleMatch | None], Verdict]


@dataclass(frozen=True, slots=True)
class Score:
    """What became of the rows of one set, and the misses in words."""

    name: str
    verdicts: Counter[Verdict]
    misses: tuple[str, ...]

    @property
    def asked(self) -> int:
        """How many rows there are."""
        return self.verdicts.total()

    @property
    def right(self) -> float:
        """The share whose place was found at once, 0..1."""
        return self.verdicts["right"] / self.asked

    @property
    def confident_wrong(self) -> float:
        """The share that was told something wrong as if it were sure, 0..1."""
        return (self.verdicts["confident wrong"] + self.verdicts["dangerous"]) / self.asked

    def __str__(self) -> str:
        causes = ", ".join(f"{cause} {count}" for cause, count in self.verdicts.items() if cause != "right")
        shares = f"right {self.right:.3f}, confident wrong {self.confident_wrong:.3f}"
        return f"{self.name}: {shares} of {self.asked}{f' ({causes})' if causes else ''}"


def rows(file: Path) -> Iterator[GoldenRow]:
    """The rows of a golden set, without its heading."""
    for line in file.read_text().splitlines()[1:]:
        row = json.loads(line)
        yield GoldenRow(row["text"], row["expect"])


def verdict(row: GoldenRow, match: RuleMatch | None) -> Verdict:
    """What the answer to a row is worth: the place counts, and that a danger is told."""
    danger = row.expect.get("hazard")
    if danger and danger not in (match.hazards if match else ()):
        return "dangerous"
    if match is None:
        return "right" if row.expect.get("outcome") == "unknown" else "unknown"
    if danger or _fits(row.expect, match.rule.category.major, match.rule.category.middle):
        return "right"
    if match.hazards:
        return "false alarm"
    if match.finding == "asked":
        others = [item for name in match.candidates[1:] if (item := taxonomy().named(name))]
        return "second guess" if any(_fits(row.expect, *item.place) for item in others) else "wrong guess"
    return "confident wrong"


def _fits(expect: dict[str, Any], major: str, middle: str) -> bool:
    return major in _any(expect.get("major"), major) and middle in _any(expect.get("middle"), middle)


def _any(expected: Any, otherwise: str) -> list[str]:
    if expected is None:
        return [otherwise]
    return expected if isinstance(expected, list) else [expected]


def said(row: GoldenRow, match: RuleMatch | None) -> Verdict:
    """What the answer to a yes-no question is worth: its first words count, and the place."""
    found = verdict(row, match)
    first = judged(row.text, match) if match else None
    agrees = first.agrees if first else None
    expected = row.expect["agrees"]
    if agrees == expected:
        return "right" if agrees is not None or (match and match.finding == "hazard") else found
    return "not said" if agrees is None else "confident wrong"


def scored(name: str, asked: Iterable[GoldenRow], worth: Worth = verdict) -> Score:
    """Ask every row."""
    verdicts: Counter[Verdict] = Counter()
    misses: list[str] = []
    for row in asked:
        match = search(row.text)
        became = worth(row, match)
        verdicts[became] += 1
        if became != "right":
            found = match and (match.finding, match.item, *match.candidates)
            misses.append(f"{became}: {row.text}: {found}, not {row.expect}")
    return Score(name, verdicts, tuple(misses))


def half(folder: Literal["tuning", "held_out"]) -> list[Score]:
    """The scores of one half, a file each."""
    return [scored(f"{folder}/{file.stem}", rows(file)) for file in sorted((GOLDEN / folder).glob("*.jsonl"))]


def polar() -> list[Score]:
    """The scores of yes-no questions, a file each, judged by the first words."""
    return [
        scored(f"polar/{file.stem}", rows(file), said) for file in sorted((GOLDEN / "polar").glob("*.jsonl"))
    ]


def names() -> Score:
    """Each name, alias and brand of the class list alone must lead to its item's place."""
    known = taxonomy()
    asked = [
        GoldenRow(name, {"major": item.major, "middle": item.middle})
        for item in known.items
        for name in item.names
    ]
    return scored("class list/names", asked)


def main(arguments: list[str]) -> int:
    """Print the figures; the misses of the tuning half always, of the held-out half if asked for."""
    held_out = half("held_out")
    for score in [names(), *half("tuning"), *polar(), *held_out]:
        print(score)  # noqa: T201
        if score not in held_out or "--misses" in arguments:
            for miss in score.misses:
                print(f"  {miss}")  # noqa: T201
    return int(any(s.right < RIGHT or s.confident_wrong > MOST_CONFIDENT_WRONG for s in held_out))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
