"""Whether a text says of a thing that it is in a state: 깨진, 기름 묻은, 더러운. Denials and cleaning count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from functions.scan.utterance import Utterance

_SOILS = ("기름", "국물", "양념", "음식", "음식물", "소스")  # nouns that soil only where they are said to
_SOILED = re.compile(
    r"(이|가|도|에|로|만|이랑)?(좀|많이|조금|살짝|다|잔뜩|엄청|완전|너무)?"
    r"(묻|뭍|배(어|인|었|서|여)|베인|밴|벤(?!치)|뱄|먹은|먹었|절은|절었|튀|튄|젖|범벅|때|자국|얼룩|투성|흘|쏟|들러|스며|졌|진|많|있|잔뜩|흥건|쩔|쩐|찌든)"
)
_DIRT = (
    *_SOILS,
    "묻은",
    "묻었",
    "묻어",
    "묻음",
    "밴",
    "벤",
    "베인",
    "배인",
    "범벅",
    "뭍은",
    "오염",
    "더러",
    "눌어붙",
    "젖은",
    "젖었",
)
_CLEANED = re.compile(
    r"(?<![안못])(씻었|씻은|씻어|헹궜|헹군|헹궈|닦았|닦은|닦아)(?!야|도|지)|깨끗|묻지않|안묻|멀쩡"
)
_AFTER_A_NAME = tuple("이가은는도에을를만로")


def says(text: Utterance, words: Iterable[str], named: Sequence[tuple[int, int]] = ()) -> bool:
    """Whether one of the words is said as a word of its own, and neither denied nor undone.

    `named` are the places of names: letters inside a name (물티슈, 기름종이) say nothing of a state.
    """
    return any(_says(text, word, named) for word in words)


def _says(text: Utterance, word: str, named: Sequence[tuple[int, int]]) -> bool:
    if word in _DIRT and _CLEANED.search(text.letters):
        return False
    start = text.letters.find(word)
    while start >= 0:
        end = start + len(word)
        meant = _stands(text, start, end, named) and not text.denied(start, end) and not text.absent(end)
        meant = meant and not (word in _DIRT and _WATER.search(text.letters, max(start - 8, 0), start))
        if meant and (word not in _SOILS or _SOILED.match(text.letters, end)):
            return True
        start = text.letters.find(word, start + 1)
    return False


_WATER = re.compile(r"(?<![국음나식오])(물|물기|빗물)(이|가|만)?(조금|좀|살짝|약간)?$")


def _stands(text: Utterance, start: int, end: int, named: Sequence[tuple[int, int]]) -> bool:
    if any(first <= start and end <= last and last - first > end - start for first, last in named):
        return False
    if text.begins(start) or any(start == last for _, last in named):
        return True
    before = text.word_before(start)
    return before.endswith(_AFTER_A_NAME) or before.endswith("안")
