"""Korean text to search tokens: stems and nouns by kiwipiepy, and pairs of letters that survive typing errors.

kiwipiepy takes seconds and some hundred MB to load; it is loaded at the first call of `tokens`, which happens
only when the typed index has no answer.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from functions.scan.utterance import normal

if TYPE_CHECKING:
    from kiwipiepy import Kiwi

NAME, KEYWORD, NOTE, STEP = 6, 3, 2, 1  # how often a token of such a field counts in a document
_NOUNS = ("NNG", "NNP", "XR", "SL")
_VERBS = ("VV", "VA")
_COMMON = frozenset(
    [
        "버리",
        "버려",
        "어떻",
        "어떻게",
        "하",
        "되",
        "있",
        "없",
        "않",
        "것",
        "거",
        "수",
        "때",
        "좀",
        "다",
        "안",
        "못",
        "잘",
        "그냥",
        "내",
        "배출",
        "분리",
        "수거",
        "분리수거",
        "분리배출",
        "쓰레기",
        "방법",
        "처리",
        "집",
        "저",
        "나",
        "어디",
        "어느",
        "무엇",
        "이",
        "그",
        "넣",
        "놓",
        "가",
        "오",
        "보",
        "알",
        "주",
        "해야",
        "되나",
        "같",
        "나오",
        "생기",
        "종류",
        "쓰",
        "이것",
        "그것",
    ]
)
_one_at_a_time = threading.Lock()


@cache
def _loaded() -> Kiwi:
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=1, load_typo_dict=False, load_multi_dict=False)


def tokens(text: str) -> list[str]:
    """Nouns, and stems of verbs and adjectives ended with 다, in order; without what every question has."""
    return [word for word, *_ in _words(text) if word.removesuffix("다") not in _COMMON]


def asked(question: str) -> tuple[list[str], list[str]]:
    """The question's tokens, and the pieces of its words that have no verb or adjective in them."""
    found = _words(question)
    acting = {at for _, start, end, acts in found if acts for at in range(start, end)}
    left = "".join(" " if at in acting else letter for at, letter in enumerate(question))
    return [word for word, *_ in found if word.removesuffix("다") not in _COMMON], [
        piece for word in left.split() if word in question.split() for piece in pieces(word)
    ]


def _words(text: str) -> list[tuple[str, int, int, bool]]:
    """Each kept token with its place in the text and whether it is a verb or an adjective."""
    kept: list[tuple[str, int, int, bool]] = []
    with _one_at_a_time:
        found = _loaded().tokenize(text)
    for token in found:
        acts = token.tag.startswith(_VERBS)
        if acts or token.tag.startswith(_NOUNS):
            form = token.form.casefold()
            kept.append((f"{form}다" if acts else form, token.start, token.start + token.len, acts))
    return kept


def pieces(text: str) -> list[str]:
    """Pairs of neighbouring letters, marked so that they are no words."""
    letters = normal(text)
    return [f"~{letters[i : i + 2]}" for i in range(len(letters) - 1)]
