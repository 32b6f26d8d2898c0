"""Spaces for words that were typed without any: 칫솔은플라스틱이에요 reads 칫솔은 플라스틱이에요."""

from __future__ import annotations

import re
from functools import cache

from functions.scan.polar import destinations
from functions.scan.taxonomy import taxonomy
from functions.scan.utterance import PARTICLE

SHORTEST, LONGEST = 2, 10  # letters of the name that a word begins with
WITHIN = 3  # letters of one that stands within: 강아지배변패드는
RUN_ON = 5  # letters of a word that may be several
_COUNT = re.compile(r"(하나|한개|두개|세개|여러개|[0-9]+개)만?(도|은|는|를)?(?=[가-힣]{2})")
_PARTICLE = re.compile(
    r"(은|는|이|가|을|를|도|만|이?랑|하고|에다?|같은(것|거)?)(?!에요|예요|야|죠|냐)(?=[가-힣]{2})"
)
_BEFORE = re.compile(
    r"(?<=[가-힣])(어떻게|어떻케|어케|어디|무료|그냥|버려|버리|버릴|넣어|되나요|돼요|우려낸|떼낸|스티커|일반쓰레기|종량제"
    r"|음식물|플라스틱|비닐류|재활용|대형)"
)
_SPACE = r" \g<1>"


def spaced(question: str) -> str:
    """The question with spaces after the names that its words begin with, and before what is asked of them.

    Empty where nothing is run together.
    """
    words = question.split()
    apart = " ".join(_apart(word) if len(word) >= RUN_ON else word for word in words)
    return apart if apart != " ".join(words) else ""


def _apart(word: str) -> str:
    if taxonomy().named(word):
        return word
    at = (
        0
        if _name_end(word, 0, SHORTEST)
        else next((at for at in range(1, len(word)) if _name_end(word, at, WITHIN)), 0)
    )
    parts = [word[:at]] if at else []
    while end := _name_end(word, at, SHORTEST):
        particle = _PARTICLE.match(word, end)
        if PARTICLE.fullmatch(word[end:]) or len(word) - end < SHORTEST:
            return " ".join([*parts, word[at:]])
        stop = particle.end() if particle else end
        parts.append(word[at:stop])
        at = stop
        if count := _COUNT.match(word, at):
            parts.append(count.group())
            at = count.end()
        if not particle:
            break
    return " ".join([*parts, _BEFORE.sub(_SPACE, word[at:])]).strip() if parts else word


def _name_end(word: str, at: int, shortest: int) -> int:
    """Where the longest name that begins here is over; 0 where none begins."""
    sizes = range(min(LONGEST, len(word) - at), shortest - 1, -1)
    return next(
        (at + size for size in sizes if taxonomy().named(text := word[at : at + size]) or text in _places()),
        0,
    )


@cache
def _places() -> frozenset[str]:
    return frozenset(name for each in destinations() for name in each.names)
