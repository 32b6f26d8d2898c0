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

from functions.scan.question import asking
from functions.scan.topics import BATTERIES, GENERIC, HEADS, PARTS, RUNS_ON, WORN, Mention, listed
from functions.scan.utterance import PARTICLE, Utterance

_TAKEN_OFF = re.compile(
    r"(을|를|은|는|도|만|이|가)?(이미|다|안|못|꼭|굳이|따로|일일이|잘)?(제거|빼|뺀|뺐|떼|뗀|뗐|분리(한|해서|했|하고)|없는|없이|닫|덮|잠그|잠가|안?떨어지(는데|지|나|네))|(이|가|은|는|도)?(잘)?(안|못)(빠|떨어|뜯|분리)|째|까지"
)
_MUST_OFF = re.compile(
    r"(을|를|은|는|도)?(꼭|굳이|다|안)?(떼|제거|벗|분리|뜯|닫|덮)[가-힣]{0,2}(야|지않|도되|도돼|면)"
    r"|(이|가|은|는|도)?(그대로)?(붙은|붙어있는|달린|끼운|끼워진|꽂은|꽂힌)(채|상태)"
)
STUFF = listed("고무 실리콘 천 은박 비닐 스티로폼 고철 쇠 플라스틱 종이 유리 나무 철")
_OF_A_PART = frozenset("만이가")  # 날개만 부러진 선풍기: of the part only, so the whole is meant
_VERBS = frozenset(
    ["털고", "죽은", "재는", "묵은", "파는", "무는", "깨는", "감은", "배는", "자는", "차는"]
)  # and one-syllable names
_MATERIAL = re.compile(r"^(종이|플라스틱|비닐|빈|유리|투명|스텐|스티로폼|겉|속|바깥)(?=.)")
_COUNTED = listed("한 두 세 네 반 몇 여러 한두 어느 무슨")
_STATES = ("깨진", "젖은", "더러운", "오염된", "찢어진", "기름묻은")  # 안 깨진 유리병 names no 깨진 유리
_NAIL = re.compile(
    r"녹슨|녹이|구부러|휜|박힌|박았|뽑|뺀|여러|몇|한(개|통|봉|줌)|조금|많"
)  # after 못 that is a nail
_ADVERBS = listed("못 등")  # also say "can not" and "and so on"
_NO_NOUN = tuple(listed("거 에 서 고 데 은 는 이 가 을 를 도 로 요 나 라 게 지 랑"))

_ENDS = listed(  # names of two syllables that a compound may end with: 기모바지, 등산가방, 목베개
    """바지 셔츠 남방 니트 치마 교복 도복 정장 양복 잠옷 조끼 가운 패딩 신발 구두 샌들 부츠
        가방 백팩 배낭 모자 벨트 양말 담요 모포 커튼 수건 타월 타올 장갑 원단 옷감 단화 로퍼
        파카 코트 점퍼 잠바 야상 재킷 자켓 속옷 팬티 내복 한복 소파 쇼파 침대 책상 의자 스툴
        벤치 장롱 장농 옷장 행거 서랍 협탁 책장 찬장 선반 식탁 탁자 밥상 좌탁 문짝 카펫 러그
        액자 텐트 썰매 평상 욕조 침낭 이불 베개 쿠션 방석 깔창 인형 매트 리본 호스 헬멧 풍선
        걸레 행주 지갑 안경 앨범 화환 칫솔 빨대 볼펜 연필 필통 비누 양초 향초 캔들 티슈 냅킨
        가발 목줄 단추 노끈 밧줄 털실 퍼즐 핫팩 붕대 우비 비옷 냄비 찜솥 국자 집게 포크 식칼
        가위 나사 볼트 너트 철사 공구 망치 렌치 펜치 호미 아령 우산 양산 열쇠 석쇠 불판 밸브
        메달 반지 팔찌 핀셋 금고 바늘 완구 물총 대야 물통 식판 블럭 화분 찻잔 꽃병 화병 거울
        전구 시계 히터 난로 오븐 드릴 공책 수첩 잡지 달력 엽서 악보 박스 상자 김치 찌개 국수
        우동 버섯 배추 소스 쿠키 사탕 송편 치즈"""
)
STATED = re.compile(  # what is said of a thing in the same word, where no spaces are: 찢어진책, 라벨뗀페트병
    r"(찢어진|깨진|부러진|터진|망가진|찌그러진|구겨진|더러워진|떨어진|젖은|묻은|씻은|닦은|닳은|썩은|낡은|굳은|녹은|남은|닫은|접은|먹은"
    r"|녹슨|시든|상한|고장난|구멍난|금간|오래된|오염된|코팅된|지난|다쓴|안쓰는|못쓰는|쓰던|입던|신던|보던|안입는|안신는|못입는"
    r"|곰팡이핀|곰팡이난|곰팡이슨|쉰|언|탄|무른|물러진|마른|식은|불은|먹다만|쓰다만|덜먹은|안먹는|안먹은|벌레먹은|벌레난|김빠진|부푼|깨끗한|더러운|뗀|뺀|벗긴|말린|버린|비운|헹군)$"
)
_NIEUN = 4  # the final of 묻은, 시든, 깨진, which say something of the whole noun that follows
Span = tuple[str, int, int]  # a name, and where it starts and ends in the letters


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
            for head in HEADS
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
                    end,
                    glued=end not in starts,
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
                    and not (
                        (end in starts or letters[end] in _OF_A_PART)
                        and self._taken_off(letters, position, end, starts)
                    )
                    and not (end not in starts and self._goes_on(letters, position, end, starts))
                    and not self._of_device(letters, position, end)
                ):
                    yield name, position, end
                    position = end
                    break
            else:
                position += 1

    def _of_device(self, letters: str, start: int, end: int) -> bool:
        """Whether a name is of the battery that a named thing takes: 리모컨 건전지 들어있음."""
        battery = next((each for each in BATTERIES if letters[start:end].endswith(each)), "")
        device = letters[start : end - len(battery)] if battery else ""
        return device in self.all and RUNS_ON.match(letters, end) is not None

    def _goes_on(self, letters: str, start: int, end: int, starts: Sequence[int]) -> bool:
        """Whether the last word of a name is the beginning of a longer one: 시든 꽃 of 시든 꽃다발."""
        return any(
            at + len(name) > end
            and letters.startswith(name, at)
            and _stands(letters, at, at + len(name), starts)
            for at in starts
            if start < at < end and (ord(letters[at - 1]) - ord("가")) % 28 == _NIEUN
            for name in self._by_first.get(letters[at], ())
        )

    def _taken_off(self, letters: str, start: int, end: int, starts: Sequence[int]) -> bool:
        """Whether a name is of a part that is taken off, so that the whole is meant: 노트 스프링 뺀 것."""
        must = _MUST_OFF.match(letters, end)
        off, worn = _TAKEN_OFF.match(letters, end), WORN.match(letters, end)
        return any(
            letters[start:at] in self.all
            for at in starts
            if start < at < end
            and letters[start:at] not in STUFF
            and (must or ((off or (worn and letters[at:end] in PARTS)) and letters[start:at] not in GENERIC))
        )

    def _apart(self, words: Sequence[str], letters: str, starts: Sequence[int]) -> Iterator[Span]:
        for at, word in enumerate(words[1:], 1):
            material = _MATERIAL.match(word)
            skipped = material.end() if material and not self._names(word) else 0
            start = starts[at] + skipped
            for head in HEADS:
                if not word.startswith(head, skipped):
                    continue
                end = start + len(head)
                if _stands(letters, start, end, starts, begins=True) and (
                    name := self._compound(head, words[max(at - 5, 0) : at])
                ):
                    yield name, start, end
                    break

    def _names(self, word: str) -> bool:
        """Whether a word is a name but for particles: of 카페에서 산 종이컵은 no 카페 컵 is left."""
        ends = range(len(word), 0, -1)
        return any(word[:end] in self.all and PARTICLE.fullmatch(word[end:]) for end in ends)

    def _compound(self, head: str, words: Sequence[str]) -> str | None:
        shells = [each for each in ("껍데기", "껍질") if head in ("껍데기", "껍질") and each != head]
        for first, of in [(first, each) for each in [head, *shells] for first in self._heads[each]]:
            for word in words:
                at = word.find(first)
                denied = first.startswith(_STATES) and "안" in words
                if (
                    at >= 0
                    and not denied
                    and (at == 0 or len(first) > 1)
                    and PARTICLE.fullmatch(word[at + len(first) :])
                ):
                    return first + of
        return None


def _stands(letters: str, start: int, end: int, starts: Sequence[int], *, begins: bool = False) -> bool:
    """Whether the name from start to end is a word here, and not letters of another one."""
    following = bisect_right(starts, start)  # the first word start after the name's own
    begins = begins or starts[following - 1] == start
    begins = begins or STATED.search(letters, starts[following - 1], start) is not None
    rest = letters[end : starts[bisect_left(starts, end)]]
    if not begins and (starts[following] < end or (end - start < 3 and letters[start:end] not in _ENDS)):
        return False
    if starts[following] == end - 1 and rest and PARTICLE.fullmatch(rest) is None and not asking(rest):
        return False  # 플라스틱 자동차 is no 플라스틱 자
    if letters[end - 1 : end + 1] in _ENDS and PARTICLE.fullmatch(rest[1:]):
        return False  # 그림책상 is a 책상
    if letters[start:end] + rest in _VERBS and end + 1 < len(letters) and not asking(letters[end + 1 :]):
        return False  # 죽은 화초, 묵은 달력, 재는 기계
    if not rest:
        return (
            letters[start:end] not in _ADVERBS or end == len(letters) or _NAIL.match(letters, end) is not None
        )
    return end - start >= 3 or PARTICLE.fullmatch(rest) is not None


def _names_something(word: str) -> bool:
    """Whether a word may be a noun before another noun: not 큰, 버릴, 이거, 집에 or 다."""
    last = ord(word[-1]) - ord("가") if word else -1
    adnominal = 0 <= last < 11172 and last % 28 in {4, 8}
    return len(word) > 1 and not adnominal and not word.endswith(_NO_NOUN)
