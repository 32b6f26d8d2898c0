"""What a thing is by the last word of its name: a case is a case, whatever was in it (방울토마토 케이스).

`data/heads.yaml` lists these words and what they mean beside materials and contents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.scan.defaults import DATA
from functions.scan.topics import PART, PARTS, SUPPOSED, WORN
from functions.scan.utterance import Utterance

_ELSEWHERE = re.compile(  # where it is put, or what something else is in, on or from
    r"(들|류)?(으로|로(?!된)|에(?!는|요|.{0,6}(묻|뭍|붙|달려|끼|꽂|박힌|배|밴|튀))|에서|에다|함|수거함|말고|아니|이아니|가아니|대신|처럼|같은|째|채|괜찮|가능|이?(따로)?(있(나|습|어요|는지)|없(나|습|어요|는데))|(을|를)?비(운|우고|우니|웠)(?!거|것|건|상태|다음|뒤))"
)
_MATERIAL = re.compile(  # a material told of the thing: 유리인데, 스텐으로 된, or as the last word
    r"(유리|플라스틱|종이|스텐|스테인리스|도자기|스티로폼|은박|나무)(로된|으로된|로만든|으로만든|재질|인데|이에요|예요|임$|이고|이야|입니다|$)"
)
_COUNTED = frozenset(
    [
        "한",
        "두",
        "세",
        "네",
        "반",
        "몇",
        "여러",
        "한두",
        "어느",
        "무슨",
        "종량제",
        "쓰레기",
        "일반",
        "규격",
        "음식물쓰레기",
    ]
)  # 한 봉지, 어느 통, 종량제 봉투
_ALSO_SYLLABLES = frozenset("갑곽판심캡망팩")  # which end other words, too: 장갑, 간판, 중심
_PLAIN = re.compile(r"^(빈|헌|새|큰|작은|다쓴)$")  # 빈통: says nothing of what it is
_LEFT = re.compile(r"(?<!만)남")
_BIN = re.compile(r"(음식물|음쓰|쓰레기|재활용|수거|종량제|헌옷|의류)$")  # with 통에: where things go
FOOD = "음식물류폐기물"
# What ends like a bottle and is no 유리병 when it is of glass, with the item that it is then, if there is one.
NO_BOTTLES = {"보온병": None, "꽃병": None, "화병": None, "젖병": "유리 젖병"}
Middles = Callable[[int, int], frozenset[str]]
_OF_STUFF = re.compile(  # 냄비 손잡이 플라스틱인데: said of a part, and the whole thing is meant
    r"(이|가|은|는)?(플라스틱|나무|고무|실리콘|쇠|스텐)(인데|이라|이고)"
)
_EMPTY = re.compile(r"(다|모두|싹)?(마신|마심|마셨|먹은|먹었|먹음|먹고|비운|비웠|쓴(거|것|건)|썼)(?!남)")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a head means beside one of these words, or beside a thing of one of these middle categories."""

    words: tuple[str, ...]
    middles: frozenset[str]
    item: str


@dataclass(frozen=True, slots=True)
class LastWord:
    """A last word, what it means beside others, and else: one item, or the two to ask about."""

    word: str
    of: tuple[Meaning, ...]
    item: str | None
    ask: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """Where a head stands in a text and the items it may be: one that is meant, or two to choose from.

    `elsewhere`: it is only where something else was or goes. `decided` by a word beside it, not by default.
    """

    start: int
    end: int
    items: tuple[str, ...]
    elsewhere: bool
    decided: bool


@cache
def _heads() -> Mapping[str, LastWord]:
    rows = json.loads((DATA / "index" / "heads.json").read_bytes())["heads"]
    return {word: _head(word, row) for row in rows for word in row["heads"]}


def _head(word: str, row: Mapping[str, Any]) -> LastWord:
    of = [
        Meaning(tuple(each.get("words", ())), frozenset(each.get("middles", ())), each["item"])
        for each in row.get("of", ())
    ]
    return LastWord(word, tuple(of), row.get("item"), tuple(row.get("ask", ())))


def heading(text: Utterance, middles: Middles) -> Heading | None:
    """The last head of a text that is the thing itself, else one that is elsewhere; None if there is none.

    `middles(start, end)` are the middle categories of the things that are named between two places.
    """
    found = [each for number in range(len(text.words)) if (each := _in_word(text, number, middles))]
    return next((each for each in reversed(found) if not each.elsewhere), found[-1] if found else None)


def _in_word(text: Utterance, number: int, middles: Middles) -> Heading | None:
    first, last = text.starts[number], text.starts[number + 1]
    for at in range(first, last):  # the longest head first: it begins first
        for size in range(min(5, last - at), 0, -1):
            head = _heads().get(text.letters[at : at + size])
            if head is None or not text.stands_alone(at + size):
                continue
            before = _PLAIN.sub("", text.letters[first:at])
            strict = size == 1 and head.word in _ALSO_SYLLABLES
            unknown = before and not _may_precede(before, head) and FOOD not in middles(first, at)
            if unknown and (strict or len(before) < 2):
                continue
            rest = text.letters[at + size :]
            counted = (
                number > 0 and at == first and text.words[number - 1] in _COUNTED
            ) or before in _COUNTED
            worn = number > 0 and head.word in PARTS and (WORN.match(rest) or _OF_STUFF.match(rest))
            elsewhere = counted or bool(worn) or bool(_ELSEWHERE.match(rest) or PART.match(rest))
            where = before or (text.words[number - 1] if number else "")
            if _BIN.search(where) and rest.startswith("에"):
                continue
            if head.word == "줄" and SUPPOSED.match(rest):
                continue
            items, decided = _meant(text, at, at + size, head, middles)
            if items:
                return Heading(at, at + size, items, elsewhere, decided)
    return None


def _may_precede(before: str, head: LastWord) -> bool:
    return any(before.endswith(word) for meaning in head.of for word in meaning.words)


def _meant(
    text: Utterance, start: int, end: int, head: LastWord, middles: Middles
) -> tuple[tuple[str, ...], bool]:
    following = next((word for word in text.between(end, len(text.letters)).split()), "")
    if stuff := next((each.item for each in head.of if following in each.words), None):
        return (stuff,), True  # 텀블러 뚜껑 플라스틱: what it is of is said last
    for said, beside in (
        (text.between(0, start), middles(0, start)),
        (text.between(end, len(text.letters)), frozenset[str]()),
    ):
        words = said.split()
        for meaning in head.of:
            if beside & meaning.middles or any(_said(word, words) for word in meaning.words):
                return (meaning.item,), True
    return ((head.item,), False) if head.item else (head.ask, False)


def _said(word: str, words: Sequence[str]) -> bool:
    """A long word anywhere in a word, one letter only as a word of its own."""
    if len(word) > 1:
        return any(word in each for each in words) or word in "".join(words)
    return any(each == word for each in words)


def of_material(name: str, said: str) -> str | None:
    """What a named container is when another material is told of it afterwards: 반찬통 that 유리인데 is of glass."""
    found = _MATERIAL.search(said)
    if found is None or found.group(1) in name:
        return None
    for bottle, item in NO_BOTTLES.items():
        if name.endswith(bottle):
            return item if found.group(1) == "유리" else None
    heads = (_heads().get(name[-size:]) for size in range(min(5, len(name) - 1), 0, -1))
    head = next((each for each in heads if each), None)
    return next((each.item for each in head.of if found.group(1) in each.words), None) if head else None


def emptied(text: Utterance) -> bool:
    """Whether the text says that the content is gone, so that the container is meant: 우유 다 마신 팩."""
    return _EMPTY.search(text.letters) is not None and _LEFT.search(text.letters) is None
