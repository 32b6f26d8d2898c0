"""Find names of things in Korean sentences without a morphological analyser, and which one a sentence is about.

Korean writes particles onto words and is free with spaces, so names are looked for in the text without
spaces, and word starts and ends decide what counts: a short name must be a whole word but for particles. A
compound may be told apart (계란 까고 나온 껍데기 is 계란 껍데기).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

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
_ASKED_CLASS = re.compile(
    r"(류)?(인가|인지|인거|맞|일까|인데|이에요|예요|에요|이야|야|입니까|이죠|죠|이냐|냐)"
)
_PART = re.compile(r"(은|는|을|를|도)?(꼭|다|따로|굳이)?(떼|뜯어|뜯고|뜯지|제거|빼야|빼고|빼나|벗|까지|째|통째|붙|달린|이?랑같이|하고같이|와같이|과같이)")
_LEFT_OVER = ("나온", "남은", "남는", "생긴", "나오는", "뜯은")
_COUNTED = frozenset("한 두 세 네 반 몇 여러 한두".split())
_ADVERBS = frozenset("못 등".split())  # also say "can not" and "and so on"
_HEADS = (
    "껍질 껍데기 씨 뼈 가시 통 병 팩 곽 갑 봉지 봉투 상자 박스 뚜껑 라벨 찌꺼기 기름 국물 용기 그릇 컵 캔 깡통 캡슐 망 그물 포장지 비닐"
    " 심 심지 펌프 튜브 판 케이스 배터리 건전지 필터 꼭지 뿌리 트레이 접시 껍 조각 스프 수프 가루"
).split()
_GENERIC = frozenset(
    "음식물 음식물쓰레기 음식쓰레기 음쓰 비닐 봉지 박스 상자 유리병 캔 깡통 고철 옷 의류 페트병 페트 스티로폼 고무 실리콘 천 쇠 은박"
    " 종이상자 필터 배터리 건전지 의약품 약 폐의약품 휴지통 쓰레기통 기름 테이프 스티커 플라스틱용기 그릇 끈 물통 재 돌 흙"
    " 먼지 국물 국 튜브 사진 카드 파일 시계 매트 칼 복합재질 플라스틱뚜껑 병뚜껑 뚜껑 라벨 거울 전구 초 면 무 배 감 회".split()
)
_SURE = -1.0  # a topic below this weight is probably not what the sentence is about


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text: as `normal` spells it, where it ends, and what stands around it in the sentence."""

    name: str
    start: int
    end: int
    before: str
    after: str
    counted: bool = False

    @property
    def weight(self) -> float:
        """How much speaks for the sentence being about it.

        Marked as topic or object, or as what is left over, counts for a mention. Being a place to put it
        (음식물 통에), a thing that held it (컵라면에 남은 국물), a measure (한 냄비), a part to take off
        (라벨을 떼고) or a class asked about (음식물인가요) counts against it.
        """
        generic = self.name in _GENERIC
        weight = -0.5 if generic else 0.0
        if _ELSEWHERE.match(self.after) or self.counted:
            return weight - 3
        if generic and _ASKED_CLASS.match(self.after):
            return weight - 2
        if _PART.match(self.after):
            return weight - 1.2
        weight += 1.5 if self.before.endswith(_LEFT_OVER) else 0
        return weight + (1 if _OBJECT.match(self.after) else 0)

    @property
    def sure(self) -> bool:
        """Whether the sentence may be taken to be about this."""
        return self.weight > _SURE


@dataclass(frozen=True)
class Names:
    """Names to look for, as `normal` spells them."""

    all: frozenset[str]

    @cached_property
    def _by_first(self) -> Mapping[str, Sequence[str]]:
        by_first: dict[str, list[str]] = {}
        for name in sorted(self.all, key=lambda name: (-len(name), name)):
            by_first.setdefault(name[0], []).append(name)
        return by_first

    @cached_property
    def _heads(self) -> Mapping[str, Sequence[str]]:
        """What stands before each head in the names that end with it, longest first."""
        return {
            head: sorted(
                (
                    name.removesuffix(head)
                    for name in self.all
                    if name.endswith(head) and len(name) > len(head) + 1
                ),
                key=lambda first: (-len(first), first),
            )
            for head in _HEADS
        }

    def mentions(self, text: str) -> list[Mention]:
        """Names found in a text in order, the longest first chosen; a compound told apart is at its head."""
        words = [word for part in text.split() if (word := normal(part))]
        letters = "".join(words)
        starts = list(accumulate((len(word) for word in words), initial=0))
        found = list(self._whole(letters, starts))
        apart = list(self._apart(words, letters, starts))
        taken = {mention.start for mention in apart}
        counted = {start for word, start in zip(words, starts[1:], strict=True) if word in _COUNTED}
        return [
            Mention(name, start, end, letters[:start], letters[end:], start in counted)
            for name, start, end in sorted(
                [(m.name, m.start, m.end) for m in found if m.start not in taken]
                + [(m.name, m.start, m.end) for m in apart],
                key=lambda row: row[1],
            )
        ]

    def _whole(self, letters: str, starts: Sequence[int]) -> Iterator[Mention]:
        position = 0
        while position < len(letters):
            for name in self._by_first.get(letters[position], ()):
                end = position + len(name)
                if letters.startswith(name, position) and _stands(letters, position, end, starts):
                    yield Mention(name, position, end, "", "")
                    position = end
                    break
            else:
                position += 1

    def _apart(self, words: Sequence[str], letters: str, starts: Sequence[int]) -> Iterator[Mention]:
        for at, word in enumerate(words[1:], 1):
            for head in _HEADS:
                if not word.startswith(head) or not _stands(
                    letters, starts[at], starts[at] + len(head), starts
                ):
                    continue
                first = self._first_of(head, words[max(at - 5, 0) : at])
                if first:
                    yield Mention(first + head, starts[at], starts[at] + len(head), "", "")
                    break

    def _first_of(self, head: str, words: Sequence[str]) -> str | None:
        for first in self._heads[head]:
            for word in words:
                at = word.find(first)
                if at >= 0 and (at == 0 or len(first) > 1) and _PARTICLE.fullmatch(word[at + len(first) :]):
                    return first
        return None


def normal(text: str) -> str:
    """Letters and digits only, case folded: how names are compared."""
    return _NOT_A_LETTER.sub("", text).casefold()


def _stands(letters: str, start: int, end: int, starts: Sequence[int]) -> bool:
    """Whether the name from start to end is a word here, and not letters of another one."""
    if start not in starts and (end - start < 3 or any(start < s < end for s in starts)):
        return False
    rest = letters[end : next(s for s in starts if s >= end)]
    if not rest:
        return letters[start:end] not in _ADVERBS or end == len(letters)
    return end - start >= 3 or _PARTICLE.fullmatch(rest) is not None


def topic(found: Sequence[Mention]) -> Mention | None:
    """The mention that the sentence is about; of equals the last, for Korean puts the head last."""
    return max(enumerate(found), key=lambda pair: (pair[1].weight, pair[0]))[1] if found else None
