"""Korean text to search tokens: stems and nouns by kiwipiepy, and pairs of letters that survive typing errors.

kiwipiepy takes seconds and some hundred MB to load; it is loaded at the first call of `tokens`, which happens
only when the typed index has no answer.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from functions.scan.mentions import normal

if TYPE_CHECKING:
    from kiwipiepy import Kiwi

_KEPT = frozenset(("NNG", "NNP", "NNB", "XR", "SL", "SN", "VV", "VA", "MAG", "VV-R", "VV-I", "VA-R", "VA-I"))
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
_loading = threading.Lock()


@cache
def _loaded() -> Kiwi:
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=1, load_typo_dict=False, load_multi_dict=False)


def tokens(text: str) -> list[str]:
    """Nouns, roots and stems in order, without words that every question has."""
    with _loading:
        kiwi = _loaded()
    found = (token.form.casefold() for token in kiwi.tokenize(text) if token.tag in _KEPT)
    return [form for form in found if form not in _COMMON]


def pieces(text: str) -> list[str]:
    """Pairs of neighbouring letters, marked so that they are no words."""
    letters = normal(text)
    return [f"~{letters[i : i + 2]}" for i in range(len(letters) - 1)]
