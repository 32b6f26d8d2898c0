"""Find names of things in Korean sentences without a morphological analyser, and which one a sentence is about.

Korean writes particles onto words and is free with spaces, so names are looked for in the text without
spaces, and word starts and ends decide what counts: a short name must be a whole word but for particles.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_NOT_A_LETTER = re.compile(r"[\W_]+")
_PARTICLE = re.compile(
    r"(들|류)?(은|는|이|가|을|를|도|만|의|랑|이랑|하고|과|와|로|으로|에|에서|에다|까지|부터|같은|처럼|이나|나|요|말고"
    r"|이에요|예요|에요|이야|야|입니다|인데|인데요|이요|인가요?|이고|이면|라면|이라면|이라|라|인지|인가|이라고|뿐|통째로|째)"
    r"?(요|도|는|은)?"
)
_OBJECT = re.compile(r"(들)?(은|는|을|를|도|만|이랑|랑|하고|과|와|이에요|예요|에요|이야|야|입니다|인데|이요)")
_ELSEWHERE = re.compile(  # where it goes, or what another thing was in, on or from
    r"(들|류)?(으로|로|에|에서|에다|함|통에|수거함|봉투에|용기에|처럼|같은|말고|아니|이아니|가아니|대신|묻은|묻어|담긴|담았|들었|먹고|다먹|마시고)"
)
_PREDICATE = re.compile(r"(류)?(인가|인지|인거|맞|일까|이에요|예요|에요|이야|야|입니까|이죠|죠|이냐|냐)")
_GENERIC = frozenset(
    "음식물 음식물쓰레기 음식쓰레기 음쓰 비닐 봉지 박스 상자 유리병 캔 고철 옷 의류 페트병 페트 스티로폼 고무 실리콘 천 쇠"
    " 종이상자 필터 배터리 건전지 의약품 약 폐의약품 휴지통 쓰레기통 기름 테이프 스티커 플라스틱용기 그릇 끈 물통 재 돌 흙"
    " 먼지 국물 국 튜브 사진 카드 파일 시계 매트 칼 복합재질 천조각 플라스틱뚜껑 병뚜껑 뚜껑 거울 전구 초 면 등 무 배 감 회".split()
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text: as `normal` spells it, which letters it takes, and what follows in the same sentence."""

    name: str
    start: int
    end: int
    after: str

    @property
    def generic(self) -> bool:
        """Whether the name stands for a material or a class rather than one thing."""
        return self.name in _GENERIC


def normal(text: str) -> str:
    """Letters and digits only, case folded: how names are compared."""
    return _NOT_A_LETTER.sub("", text).casefold()


def mentions(text: str, names: Mapping[str, Sequence[str]]) -> list[Mention]:
    """Names found in a text, in order and without overlap; `names` are by first letter, longest first."""
    words = [word for part in text.split() if (word := normal(part))]
    letters = "".join(words)
    starts, ends, at = set(), {}, 0
    for word in words:
        starts.add(at)
        ends.update({at + i: at + len(word) for i in range(len(word))})
        at += len(word)
    found: list[Mention] = []
    position = 0
    while position < len(letters):
        for name in names.get(letters[position], ()):
            end = position + len(name)
            if letters.startswith(name, position) and _stands(letters, position, end, starts, ends):
                found.append(Mention(name, position, end, letters[end:]))
                position = end
                break
        else:
            position += 1
    return found


def _stands(letters: str, start: int, end: int, starts: set[int], ends: Mapping[int, int]) -> bool:
    """Whether the name from start to end is a word here, and not letters of another one."""
    inside = start not in starts
    if inside and (end - start < 3 or any(start < s < end for s in starts)):
        return False
    rest = letters[end : ends[end - 1]]
    return not rest or end - start >= 3 or _PARTICLE.fullmatch(rest) is not None


def topic(found: Sequence[Mention]) -> Mention | None:
    """The mention that the sentence is about.

    Korean puts the head last, so of equals the last wins. Marked as topic or object counts for a mention;
    being a place to put it (음식물 통에), a thing that held it (컵라면에 남은 국물) or a class asked
    about (…은 음식물인가요) counts against it.
    """
    return max(enumerate(found), key=lambda pair: (_weight(pair[1]), pair[0]))[1] if found else None


def _weight(mention: Mention) -> float:
    weight = -0.5 if mention.generic else 0.0
    if _ELSEWHERE.match(mention.after):
        return weight - 3
    if mention.generic and _PREDICATE.match(mention.after):
        return weight - 2
    return weight + (1 if _OBJECT.match(mention.after) else 0)
