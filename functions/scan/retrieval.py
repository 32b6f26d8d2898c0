"""Find the disposal rule and the item: the typed index over names first, then Korean BM25.

The classification decides the category; what the user writes refines it to an item within that category, and
decides alone only where there is no classification (미분류). A thing of another category that the user names
does not move the answer: the vision model has read the same words beside the photo. Conditions that change
the category (a broken bottle is no 유리병 any more) are taken from the tags and from the user's words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from functions.scan.classification import Classification
from functions.scan.events import How
from functions.scan.mentions import LONGEST, normal, topic
from functions.scan.rules import Rule, lookup, rules
from functions.scan.taxonomy import DATA, Item, taxonomy
from functions.scan.tokens import KEYWORD, asked

DEFAULT_INPUT = "이 폐기물을 어떻게 분리배출해야 하나요?"
K1, B = 1.2, 0.5
PIECE_WEIGHT = 0.35  # a pair of letters says less than a word
NAMED = 3.0  # what a noun in a document's names is worth besides
LEAST_NAMED, LEAST_SPELLED = 4.0, 8.0  # below, a question is not about anything we know


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """The rule that applies, the item it was found by, how well (1 for the index, BM25's score else) and how."""

    rule: Rule
    item: str | None
    score: float
    how: How

    @property
    def steps(self) -> tuple[str, ...]:
        """What to do, in order."""
        return self.rule.steps(self.item)


def retrieve(
    classification: Classification, minor: str | None, tags: Sequence[str], user_text: str
) -> RuleMatch | None:
    """The rule for what the photo shows; None where nothing is known of it.

    `minor` is the item's name as the vision model wrote it; `user_text` what the user asked.
    """
    said = "" if normal(user_text) == normal(DEFAULT_INPUT) else user_text
    rule = lookup(classification.major_category, classification.middle_category)
    if rule is None:
        return search(said)
    list_ = taxonomy()
    named = list_.find(said) if said else None
    seen = list_.named(minor) if minor else None
    for item in (named, seen):
        if item and _within(item, rule):
            return _of(list_.changed(item, said, tags))
    if named and named.state and _may_become(rule, named):
        return _of(named)
    here = next(item for item in list_.items if _within(item, rule))
    if (changed := list_.changed(here, said, tags)) is not here:
        return _of(changed)
    found = _ranked(said, rule.key) if named is None and _content(said) else None
    return found or RuleMatch(rule, None, 1.0, "index")


def search(question: str) -> RuleMatch | None:
    """The rule that a question in free Korean is about; None if it is about none."""
    list_ = taxonomy()
    item = list_.named(question)
    if item:
        return _of(item)
    content = _content(question)
    if not content:
        return None
    if rule := _keywords().get(content):
        return RuleMatch(rule, None, 1.0, "index")
    mentions = list_.mentions(question)
    named = topic(mentions)
    if named and (named.sure or (len(mentions) == 1 and not named.generic)):
        return _of(list_.changed(list_.by_name[named.name], question))
    return _ranked(question) or (_of(list_.by_name[named.name]) if named else None)


def restore(key: str, item: str | None, score: float, how: How) -> RuleMatch | None:
    """The match that was stored as these; None if the rule does not exist any more."""
    rule = rules().get(key)
    return RuleMatch(rule, item, score, how) if rule else None


def _within(item: Item, rule: Rule) -> bool:
    return (item.major, item.middle) == (rule.category.major, rule.category.middle)


def _may_become(rule: Rule, state: Item) -> bool:
    return state.state is not None and rule.category.middle in state.state.middles


def _of(item: Item) -> RuleMatch | None:
    rule = lookup(item.major, item.middle)
    return RuleMatch(rule, item.name, 1.0, "index") if rule else None


@cache
def _keywords() -> Mapping[str, Rule]:
    return {normal(word): rule for rule in rules().values() for word in rule.keywords}


def _longest_first(words: str) -> list[str]:
    return sorted(words.split(), key=len, reverse=True)


_BEGINNINGS = _longest_first(
    "이거 이건 이것 이게 저거 요거 그거 이 그 저 혹시 제가 집에 있는 근데 그럼 안녕하세요"
)
_ENDINGS = _longest_first(
    """은 는 을 를 도 이 가 어떻게 어디 어디에 어디다 어케 어떡 분리배출 분리수거 배출 처리 버리 버려 버릴 버림 폐기
    해야 하는 하면 해도 할 하나 하 면 야 지 려면 려고 수 방법 법 곳 데 되 돼 되는 하죠 할까 나 요 죠 건가 거 있 알려 줘
    주세요 까 해 서"""
)


def _content(text: str) -> str:
    """What is left of a question without how every question begins and ends."""
    left = normal(text)
    while start := next((word for word in _BEGINNINGS if left.startswith(word)), ""):
        left = left.removeprefix(start)
    while end := next((word for word in _ENDINGS if left.endswith(word)), ""):
        left = left.removesuffix(end)
    return left


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


def _ranked(question: str, within: str | None = None) -> RuleMatch | None:
    """The best document by BM25, of one rule only if `within` names it."""
    index = _documents()
    scores: dict[int, float] = {}
    named: set[int] = set()  # documents that have a noun of the question as, or in, a name
    words, spelled = asked(question[:LONGEST])
    weights = dict.fromkeys(words, 1.0) | dict.fromkeys(spelled, PIECE_WEIGHT)
    for token, weight in weights.items():
        posting = index.postings.get(token, ())
        rarity = math.log(1 + (len(index.rows) - len(posting) / 2 + 0.5) / (len(posting) / 2 + 0.5))
        for document, count in zip(posting[::2], posting[1::2], strict=True):
            length = 1 - B + B * index.rows[document][2] / index.average
            scores[document] = scores.get(document, 0) + weight * rarity * count * (K1 + 1) / (
                count + K1 * length
            )
            if weight == 1 and count >= KEYWORD and not token.endswith("다"):
                named.add(document)
    best = max(
        (d for d in scores if within in (None, index.rows[d][0])),
        key=lambda d: (scores[d] + (NAMED if d in named else 0), -d),
        default=None,
    )
    if best is None or scores[best] < (LEAST_NAMED if best in named else LEAST_SPELLED):
        return None
    rule, item, _ = index.rows[best]
    return RuleMatch(rules()[rule], item, round(scores[best], 3), "bm25")
