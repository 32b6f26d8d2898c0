"""Find names of things in Korean sentences without a morphological analyser, and which one a sentence is about.

Korean writes particles onto words and is free with spaces, so names are looked for in the text without
spaces, and word starts and ends decide what counts: a short name must be a whole word but for particles. A
compound may be told apart (계란 까고 나온 껍데기 is 계란 껍데기).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from functions.scan.utterance import PARTICLE, Utterance


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OBJECT = re.compile(r"(들)?(은|는|을|를|도|만|이랑|랑|하고|과|와|이에요|예요|에요|이야|야|입니다|인데|이요)")
_ELSEWHERE = re.compile(  # where it goes, or what another thing was in, on or from
    r"(들|류)?(으로|로|에(?!.{0,6}(묻|뭍|붙|달려|끼|꽂|박힌|배|밴|튀))|에서|에다|함|통에|수거함|봉투에|용기에|처럼|같은|.{0,5}말고|(이|가|도)?섞|(을|를)?사(야|나요|요|서|면)|아니|이아니|가아니|대신"
    r"|묻은|묻어|구운(거|것|데)|굽던|담은(거|것)|먹고|다먹|마시고|시키고|시켜|(이|가|을|를)?(담|들었|들어있|든(?!든)|감싼|감싸|쌌|싸는|싸던|포장|배송|받친|얹))"
)
_ASKED_CLASS = re.compile(
    r"(류)?(되나|되는|돼|괜찮|가능|인가|인지|인거|맞|일까|인데|이에요|예요|에요|이야|야|입니까|이죠|죠|이냐|냐)"
)
_JOINED = re.compile(r"(들)?(이?랑|하고|와|과|및|그리고)(?!같이|함께|섞)")
_TOPIC = re.compile(r"(들)?(은|는)")
_MARKED = re.compile(r"(들)?(은|는|을|를)")
PART = re.compile(
    r"(은|는|을|를|도|이|가)?(있|조금남|좀남|남았|남아|가득|꼭|다|따로|굳이|안|못)?"
    r"(떼|뗀|뗄|뗐|뺀|뺐|없는|없음|있는|뜯어|뜯고|뜯지|뜯은|닫|제거|빼야|빼고|빼나|벗|까지|째|통째|붙|달린|꽂|이?랑같이|하고같이|와같이|과같이)"
)
_SOIL = re.compile(r"(이|가|도)?(안)?(묻|뭍|배었|배어|배인|밴|튄|튀었|흘린|들러붙)")
_MATERIAL = re.compile(r"^(종이|플라스틱|비닐|빈|유리|투명|스텐|스티로폼|겉|속|바깥)(?=.)")
_LEFT_OVER = ("나온", "남은", "남는", "생긴", "나오는", "뜯은")
_COUNTED = _words("한 두 세 네 반 몇 여러 한두 어느 무슨")
_STATES = ("깨진", "젖은", "더러운", "오염된", "찢어진", "기름묻은")  # 안 깨진 유리병 names no 깨진 유리
_ADVERBS = _words("못 등")  # also say "can not" and "and so on"
_HEADS = sorted(  # what the parts and containers of things are called
    _words(
        """껍질 껍데기 씨 뼈 가시 심 심지 꼭지 뿌리 알맹이 찌꺼기 기름 국물 가루 조각 스프 수프
        통 병 팩 곽 갑 봉지 봉투 상자 박스 용기 그릇 컵 캔 깡통 캡슐 망 그물 포장지 비닐 튜브 판 케이스 트레이 접시 포대
        페트병 유리병 뚜껑 라벨 펌프 배터리 건전지 필터 장난감 인형 칫솔 면도기 저울"""
    ),
    key=lambda head: (-len(head), head),
)
_GENERIC = _words(  # stand for a material or a class rather than one thing
    """음식물 음식물쓰레기 음식쓰레기 음쓰 의약품 폐의약품 약
    화장품 옷 의류 고철 쇠 캔 깡통 고무 실리콘 천 은박 비닐 스티로폼
    박스 상자 종이상자 봉지 그릇 통 물통 휴지통 쓰레기통 유리병 페트병 페트 플라스틱용기 복합재질
    뚜껑 플라스틱뚜껑 병뚜껑 라벨 테이프 스티커 끈 튜브 필터 배터리 건전지 기름 국물 국 먼지 재 돌 흙
    사진 카드 파일 시계 매트 칼 거울 전구 초 면 무 배 감 회"""
)
_CLASSES = _words("음식물 음식물쓰레기 음식쓰레기 음쓰 비닐 스티로폼")
_NO_NOUN = tuple(_words("거 에 서 고 데 은 는 이 가 을 를 도 로 요 나 라 게 지 랑"))
_SURE = -1.0  # a topic below this weight is probably not what the sentence is about


Span = tuple[str, int, int]  # a name, and where it starts and ends in the letters


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text: as `normal` spells it, the letters around it and where it starts in them."""

    name: str
    before: str
    after: str
    start: int = 0
    counted: bool = False
    modifies: bool = False
    qualified: bool = False  # by a noun that is no name

    @property
    def generic(self) -> bool:
        """Whether the name stands for a material or a class rather than one thing."""
        return self.name in _GENERIC

    @property
    def weight(self) -> float:
        """How much speaks for the sentence being about it.

        Marked as topic or object, or as what is left over, counts for a mention. Being a place to put it
        (음식물 통에), a thing that held it (컵라면에 남은 국물), a measure (한 냄비), a part to take off
        (라벨을 떼고), a class asked about (음식물인가요) or a word before another name (수은 건전지) counts against it.
        """
        weight = -0.5 if self.generic else 0.0
        if _SOIL.match(self.after):
            return weight - 4
        if _ELSEWHERE.match(self.after) or self.counted:
            return weight - 3
        if self.generic and _ASKED_CLASS.match(self.after):
            return weight - 2
        if self.modifies:
            return weight - 0.9
        if PART.match(self.after):
            return weight - 1.2
        weight += 1.5 if self.before.endswith(_LEFT_OVER) else 0
        return weight + (1 if _OBJECT.match(self.after) else 0)

    @property
    def marked(self) -> bool:
        """Whether it is marked as what the sentence is about or acts on: 병은, 병을."""
        return _MARKED.match(self.after) is not None and self.weight > _SURE

    @property
    def with_content(self) -> bool:
        """Whether it is a container that is named with what is in it: 봉지째."""
        return self.after.startswith("째") and self.name.endswith(tuple(_HEADS))

    @property
    def standing(self) -> float:
        """The weight beside that of others."""
        return self.weight - (0.6 if self.generic else 0) - (0.6 if self.modifies else 0)

    @property
    def heads(self) -> bool:
        """Whether a name right before it only says which one is meant."""
        return self.weight > _SURE and self.name not in _CLASSES

    @property
    def sure(self) -> bool:
        """Whether the sentence may be taken to be about this."""
        return self.weight > _SURE and not (self.generic and self.qualified)


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
        """Names found in a text in order, the longest first chosen; a compound told apart is at its head.

        Of a long text only the first LONGEST letters are read.
        """
        said = Utterance.of(text)
        words, letters, starts = said.words, said.letters, said.starts
        whole = list(self._whole(letters, starts))
        apart = [
            span
            for span in self._apart(words, letters, starts)
            if not any(
                start < span[1] < end and (name == span[0] or len(name) > len(span[0]) or end != span[2])
                for name, start, end in whole
            )
        ]
        taken = {end for _, _, end in apart}  # the compound says more than its head
        spans = sorted([span for span in whole if span[2] not in taken] + apart, key=lambda span: span[1])
        ends = {end for _, _, end in spans}
        before = dict(zip(starts[1:], words, strict=True))  # the word that ends where another one starts
        found: list[Mention] = []
        for name, start, end in reversed(spans):
            last = before.get(start, "")
            found.append(
                Mention(
                    name,
                    letters[:start],
                    letters[end:],
                    start,
                    counted=last in _COUNTED,
                    modifies=bool(found and found[-1].start == end and found[-1].heads),
                    qualified=start not in ends and _names_something(last),
                )
            )
        return found[::-1]

    def _whole(self, letters: str, starts: Sequence[int]) -> Iterator[Span]:
        position = 0
        while position < len(letters):
            for name in self._by_first.get(letters[position], ()):
                end = position + len(name)
                denied = name.startswith(_STATES) and letters[:position].endswith("안")
                if (
                    letters.startswith(name, position)
                    and not denied
                    and _stands(letters, position, end, starts)
                ):
                    yield name, position, end
                    position = end
                    break
            else:
                position += 1

    def _apart(self, words: Sequence[str], letters: str, starts: Sequence[int]) -> Iterator[Span]:
        for at, word in enumerate(words[1:], 1):
            material = _MATERIAL.match(word)
            skipped = material.end() if material and word not in self.all else 0
            start = starts[at] + skipped
            for head in _HEADS:
                if not word.startswith(head, skipped):
                    continue
                end = start + len(head)
                if _stands(letters, start, end, starts, begins=True) and (
                    first := self._first_of(head, words[max(at - 5, 0) : at])
                ):
                    yield first + head, start, end
                    break

    def _first_of(self, head: str, words: Sequence[str]) -> str | None:
        for first in self._heads[head]:
            for word in words:
                at = word.find(first)
                denied = first.startswith(_STATES) and "안" in words
                if (
                    at >= 0
                    and not denied
                    and (at == 0 or len(first) > 1)
                    and PARTICLE.fullmatch(word[at + len(first) :])
                ):
                    return first
        return None


def _stands(letters: str, start: int, end: int, starts: Sequence[int], *, begins: bool = False) -> bool:
    """Whether the name from start to end is a word here, and not letters of another one."""
    following = bisect_right(starts, start)  # the first word start after the name's own
    begins = begins or starts[following - 1] == start
    if not begins and (end - start < 3 or starts[following] < end):
        return False
    rest = letters[end : starts[bisect_left(starts, end)]]
    if not rest:
        return letters[start:end] not in _ADVERBS or end == len(letters)
    return end - start >= 3 or PARTICLE.fullmatch(rest) is not None


def _names_something(word: str) -> bool:
    """Whether a word may be a noun before another noun: not 큰, 버릴, 이거, 집에 or 다."""
    last = ord(word[-1]) - ord("가") if word else -1
    adnominal = 0 <= last < 11172 and last % 28 in {4, 8}
    return len(word) > 1 and not adnominal and not word.endswith(_NO_NOUN)


def topic(found: Sequence[Mention]) -> Mention | None:
    """The mention that the sentence is about; of equals the last, for Korean puts the head last.

    A thing comes before a material or a class, unless much more speaks for that.
    """
    return max(enumerate(found), key=lambda pair: (pair[1].standing, pair[0]))[1] if found else None


def asked_together(found: Sequence[Mention], about: Mention) -> list[Mention]:
    """The mentions that a question asks about in one breath with `about`, itself among them: 병이랑 뚜껑은."""
    group: list[Mention] = []
    for this, following in zip(found, [*found[1:], None], strict=True):
        group.append(this)
        joined = following and _JOINED.match(this.after) and following.start - this.start < len(this.name) + 8
        both = following and _TOPIC.match(this.after) and _TOPIC.match(following.after)
        if not joined and not both:
            if about in group:
                return [each for each in group if each is about or each.weight > _SURE]
            group = []
    return [about]
