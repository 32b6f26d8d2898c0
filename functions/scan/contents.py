"""A container and what is in it: what is still there is told beside it, and what is gone leaves the container."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from functions.scan.heads import FOOD, emptied
from functions.scan.matches import RuleMatch, of_item
from functions.scan.taxonomy import Item, taxonomy
from functions.scan.topics import Mention
from functions.scan.utterance import Utterance, normal

_CARTONED = {"우유": "우유팩"}  # a drink that is gone is thrown away as its carton
_USED_UP = re.compile(r"^빈|텅빈|(다|모두|싹|거의)(쓴|썼|쓰고|써서)|(펌프|뚜껑|라벨)(을|를)?(빼|뺀|떼|뗀)")
_BOTTLED = {"화장품 내용물": "화장품 플라스틱 용기"}  # and what is used up as its bottle
_INSIDE = re.compile(  # of a thing that is still in the container named next
    r"(이|가|도)?(조금|좀|많이|반쯤|가득|잔뜩)?(든|담긴|들어있(는(?!데))?|들었|들은|남아있(는(?!데))?)"
    r"([가-힣]{0,6}(통|병|팩|곽|갑|봉지|봉투|상자|박스|용기|그릇|컵|캔|페트)|(으면|는데|어요|을때|거든|음))"
)
CONTAINERS = frozenset(
    ["종이", "종이팩", "무색페트병", "플라스틱류", "비닐류", "발포합성수지", "유리병", "금속류"]
)
GENERAL = "일반종량제폐기물"
_LEFT = re.compile(
    r"(?<!기름기)(?<!물기)(?<!자국)(?<!기름기가)(?<!자국이)남[은았아음]|반(쯤|정도|병|통)|덜(쓴|먹|마신|비)|(안|못)(비우|비운|비웠)|가득|찰랑"
)
_LEFT_THERE = re.compile(r"(이|가|도)?(아직|조금|좀|많이|약간|반쯤|절반)?(쯤|정도)?(남[은았아음]|있[는어])")
_VESSEL = re.compile(
    r"(유리|플라스틱|종이|작은|큰)?(통|병|팩|곽|갑|봉지|봉투|상자|박스|용기|그릇|컵|캔|깡통|페트병?|튜브|단지|항아리|통조림)"
)
_INTO = re.compile(r"(의)?(안|속)?에?")
_DRINK = re.compile(
    r"(콜라|사이다|주스|쥬스|음료수?|커피|라떼|탄산수|녹차|보리차|우유|두유|요구르트)"
    r"((이|가|도)?(아직|조금|좀|많이|반쯤|반)?남|페트|병|캔|팩|컵|통|$)"
)
RINSED = frozenset(["cooking-oil"])  # whose container is washed and recycled
_DRUNK = "남은 음료"  # what a drink is called that is left in its bottle
_HELD = re.compile(r"(국물|건더기|음식)(이|가|도)?(조금|좀|많이|반쯤)?(남은|남아있는|든|들어있는|담긴)")


def left_in(about: Mention, mentions: Sequence[Mention], question: str) -> RuleMatch | None:
    """What is said to be left in what is asked about, and that: 국물 남은 컵라면, 유리병 소스 남은 거."""
    list_, text = taxonomy(), Utterance.of(question)
    held = _HELD.match(text.letters)
    if held and held[1] != about.name and (inner := list_.named(held[1])):
        match = of_item(inner, question, held[1])
        return replace(match, also=(list_.spelled[about.name],)) if match else None
    item = list_.by_name[about.name]
    if item.major not in (FOOD, GENERAL) or not _LEFT_THERE.match(about.after):
        return None
    for each in mentions:
        container = list_.by_name[each.name]
        if container.middle in CONTAINERS and _INTO.fullmatch(text.letters[each.end : about.start]):
            match = of_item(container, question, list_.spelled[each.name])
            return replace(match, also=(list_.spelled[about.name],)) if match else None
    return None


def container_of(name: str, question: str) -> RuleMatch | None:
    """The carton or bottle of something that is said to be used up: 우유 다 마셨어요, 다 쓴 로션."""
    list_, text = taxonomy(), Utterance.of(question)
    if name in _CARTONED and emptied(text):
        return of_item(list_.by_name[_CARTONED[name]], question)
    bottle = _BOTTLED.get(list_.by_name[name].guide)
    if bottle and _USED_UP.search(text.letters):
        return of_item(list_.by_name[normal(bottle)], question, f"{list_.spelled[name]} 용기")
    return None


def holding(match: RuleMatch, question: str, mentions: Sequence[Mention]) -> RuleMatch:
    """The match with what is said to be still in the container that is asked about: 딸기잼 든 유리병."""
    list_ = taxonomy()
    item = list_.named(match.item or "")
    if (
        match.finding != "named"
        or item is None
        or item.middle not in CONTAINERS
        or emptied(Utterance.of(question))
    ):
        return match
    inside = next((each.name for each in mentions if _INSIDE.match(each.after)), "")
    if not inside and _LEFT.search(Utterance.of(question).letters):
        inside = _content_said(match, question, mentions)
    held = list_.named(inside)
    if held is None or held.major not in (FOOD, GENERAL) or held.name == item.name:
        return match
    return replace(match, also=(list_.spelled[normal(inside)],))


def _content_said(match: RuleMatch, question: str, mentions: Sequence[Mention]) -> str:
    """What a container is said to hold, in its own name or beside it: 케첩 of 케첩통 반쯤 남은 거."""
    called = normal(match.said or match.item or "")
    if _DRINK.search(called) or _DRINK.search(Utterance.of(question).letters):
        return _DRUNK
    content = content_of(called)
    own = content if content and _VESSEL.fullmatch(_after_name(called, content)) else None
    beside = (each for each in mentions if each.name not in called and _LEFT_THERE.match(each.after))
    return own.name if own else next((each.name for each in beside), "")


def container_beside(danger: RuleMatch, question: str) -> RuleMatch:
    """The match for what is poured into no drain, with the container that it is left in: 참치캔 기름 남은 거."""
    list_ = taxonomy()
    if danger.also or not all(each.id in RINSED for each in danger.dangers):
        return danger
    named = (list_.by_name[each.name] for each in list_.mentions(question))
    container = next((item for item in named if item.middle in CONTAINERS and not item.hazard), None)
    left = container and _LEFT.search(Utterance.of(question).letters)
    return replace(danger, also=(container.name,)) if container and left else danger


def _after_name(called: str, content: Item) -> str:
    """What of a container's name is left after the name of its content."""
    names = (normal(name) for name in content.names)
    return next(
        (
            called.removeprefix(name)
            for name in sorted(names, key=len, reverse=True)
            if called.startswith(name)
        ),
        "",
    )


def content_of(name: str) -> Item | None:
    """What is in a container that is to be thrown away with it: 식빵 of 식빵 봉지째."""
    list_ = taxonomy()
    return next((item for end in range(len(name) - 1, 0, -1) if (item := list_.named(name[:end]))), None)
