"""Rank items and rules by BM25 over words and pairs of letters, for what no name explains.

A ranked hit is a guess. It is offered as a question, never told as a fact.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from functions.scan.defaults import DATA
from functions.scan.tokens import KEYWORD, asked, standing
from functions.scan.utterance import LONGEST, same_letters

K1, B = 1.2, 0.5
PIECE_WEIGHT = 0.35  # a pair of letters says less than a word
NAMED = 3.0  # what a word in a document's names is worth besides
LEAST_NAMED, LEAST_SPELLED = 4.0, 8.0  # below, a question is not about anything we know


@dataclass(frozen=True, slots=True)
class Guess:
    """A rule, or an item of it, that a question may be about, with BM25's score."""

    rule: str
    item: str | None
    score: float


@dataclass(frozen=True, slots=True)
class _Documents:
    rows: Sequence[tuple[str, str | None, int]]
    postings: Mapping[str, Sequence[int]]
    average: float


@cache
def _documents() -> _Documents:
    read = json.loads((DATA / "index" / "documents.json").read_bytes())
    rows = [(rule, item, length) for rule, item, length in read["documents"]]
    return _Documents(rows, read["postings"], sum(row[2] for row in rows) / len(rows))


def guesses(question: str, within: str | None = None, most: int = 2) -> list[Guess]:
    """The likeliest documents, best first, of one rule only if `within` names it; none if all are unlikely."""
    index = _documents()
    scores: dict[int, float] = {}
    named: set[int] = set()  # documents that have a word of the question in a name
    alike: set[int] = set()  # and those of them where it stands as a word in the question
    said = standing(same_letters(question[:LONGEST]), index.postings)
    words, spelled = asked(same_letters(question[:LONGEST]), index.postings)
    weights = dict.fromkeys(words, 1.0) | dict.fromkeys(spelled, PIECE_WEIGHT)
    for token, weight in weights.items():
        posting = index.postings.get(token, ())
        rarity = math.log(1 + (len(index.rows) - len(posting) / 2 + 0.5) / (len(posting) / 2 + 0.5))
        for document, count in zip(posting[::2], posting[1::2], strict=True):
            length = 1 - B + B * index.rows[document][2] / index.average
            scores[document] = scores.get(document, 0) + weight * rarity * count * (K1 + 1) / (
                count + K1 * length
            )
            if weight == 1 and count >= KEYWORD:
                named.add(document)
                alike |= {document} if token in said else set()
    ranked = sorted(
        (d for d in scores if within in (None, index.rows[d][0])),
        key=lambda d: (scores[d] + (NAMED if d in named else 0), -d),
        reverse=True,
    )
    likely = [d for d in ranked if scores[d] >= (LEAST_NAMED if d in named else LEAST_SPELLED)]
    if not likely or likely[0] != ranked[0]:
        return []
    likely = [d for d in likely if d in alike]
    return [Guess(*index.rows[d][:2], round(scores[d], 3)) for d in likely[:most]]
