"""Korean particles, which depend on the sound they follow."""

from __future__ import annotations

from collections.abc import Sequence

_LATIN_CODA = {"l": 8, "m": 16, "n": 4, "r": 8, "0": 21, "1": 8, "3": 16, "6": 1, "7": 8, "8": 8}


def with_particle(word: str, closed: str, opened: str) -> str:
    """The word with the particle that fits its last sound: 병은, 캔으로, 종이로, 유리로."""
    spoken = word.split("(", maxsplit=1)[0] or word
    last = ord(spoken[-1]) - ord("가")
    coda = last % 28 if 0 <= last < 11172 else _LATIN_CODA.get(spoken[-1].casefold(), 0)
    if closed.startswith("으") and coda == 8:  # after ㄹ: 비닐로, 고철로
        coda = 0
    return word + (closed if coda else opened)


def listed_names(names: Sequence[str]) -> str:
    """Names as one phrase: 우유팩과 두유팩, 상자와 책과 신문."""
    *others, last = names
    return " ".join([*(with_particle(name, "과", "와") for name in others), last])
