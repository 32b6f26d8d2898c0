"""Korean text to search tokens: the words that names are made of, and pairs of letters that survive typing errors.

What is no word of a name is no token, so that nothing has to be known of Korean verbs and endings.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from functions.scan.question import PREDICATE
from functions.scan.topics import listed
from functions.scan.utterance import PARTICLE, normal

NAME, KEYWORD, NOTE, STEP = 6, 3, 2, 1  # how often a token of such a field counts in a document
_WORD = re.compile(r"\w+")
_COMMON = listed(
    "다 안 못 잘 내 배출 분리 수거 분리수거 분리배출 재활용 물건 쓰레기 방법 처리 집 저 나 이 그 가 수 때 것 거 종류 게"
)
_CONDITIONS = listed(
    "유통기한 소비기한 지난 남은 남는 먹다 먹고 먹은 쓰다 쓰던 쓴 헌 빈 새 찢어진 깨진 젖은 섞인 묻은 뽑은 뗀 상한 굳은"
    " 오래된 고장 고장난 큰 작은"
)


def words(names: Iterable[str]) -> frozenset[str]:
    """The words of names, without what every question has."""
    return frozenset(word for name in names for word in _WORD.findall(name.casefold())) - _COMMON


def tokens(text: str, known: Collection[str]) -> list[str]:
    """The words of `known` in a text, in order: of those that begin at one letter the longest."""
    return [token for word in _WORD.findall(text.casefold()) for token in _within(word, known)]


def asked(question: str, known: Collection[str]) -> tuple[list[str], list[str]]:
    """The question's tokens, and the pieces of those of its words that are no verb or adjective."""
    found: list[str] = []
    spelled: list[str] = []
    for word in question.casefold().split():
        here = tokens(word, known)
        found += here
        if here or not PREDICATE.search(word):
            spelled += pieces(word)
    return found, spelled


def standing(question: str, known: Collection[str]) -> frozenset[str]:
    """The words of `known` that stand in the question as words, but for particles, and tell of a thing.

    바늘 does not stand in 바늘꽂이, and what is only said of a condition (유통기한 지난) may be said of anything.
    """
    found = (
        word[:end]
        for word in question.casefold().split()
        for end in range(len(word), 0, -1)
        if word[:end] in known and PARTICLE.fullmatch(word, end)
    )
    return frozenset(found) - _CONDITIONS


def pieces(text: str) -> list[str]:
    """Pairs of neighbouring letters, marked so that they are no words."""
    letters = normal(text)
    return [f"~{letters[i : i + 2]}" for i in range(len(letters) - 1)]


def _within(word: str, known: Collection[str]) -> Iterator[str]:
    """The known words in a word. One of a single letter stands alone or before a particle: any other holds it too."""
    at = 0
    while at < len(word):
        for end in range(len(word), at, -1):
            alone = end - at > 1 or (at == 0 and PARTICLE.fullmatch(word, end))
            if alone and word[at:end] in known:
                yield word[at:end]
                at = end
                break
        else:
            at += 1
