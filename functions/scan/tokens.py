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
    "다 안 못 잘 내 배출 분리 수거 분리수거 분리배출 쓰레기 방법 처리 집 저 나 이 그 가 수 때 것 거 종류 게"
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
