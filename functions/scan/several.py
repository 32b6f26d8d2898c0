"""Several things that one question asks about: 박스 뽁뽁이 아이스팩 각각, 우산, 모자, 장갑, 용기랑 숟가락이랑 비닐.

Each is looked up alone, or as part of what they all come from (컵밥 먹고 남은 용기랑 숟가락). What is not known of
them is said to be unknown, so that nobody takes the answer for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from functions.scan import naming
from functions.scan.hazards import told as told_hazards
from functions.scan.korean import with_particle
from functions.scan.matches import RuleMatch, of_item
from functions.scan.mentions import STUFF
from functions.scan.polar import thing_before
from functions.scan.question import PREDICATE, asks_cost, asks_permit, own_words
from functions.scan.rules import classes, lookup
from functions.scan.tails import is_noun
from functions.scan.taxonomy import taxonomy
from functions.scan.topics import GENERIC, HEADS, PARTS
from functions.scan.utterance import Utterance, normal

MOST = 6  # things that are told in one answer
LONG = 3  # words of which more may be told than one thing's name: 선크림 캔 스프레이
LEAST_ROW = 3  # so many names in a row are a list; of two the first may say which one is meant
AND = "그리고"
_ANDS = (AND, "및", "또는", "혹은")
_COMMA = re.compile(r"(?<=[가-힣a-zA-Z])\s*[,·/&+、]\s*(?=[가-힣a-zA-Z])")
_EACH = re.compile(  # after the things, all of which are asked about
    r"각각|각자|각기|따로따로|한꺼번에|한번에|같이|함께|다같이|전부|모두|둘다|셋다|다|한|둘|셋|따로|섞어서?|나눠서?"
)
_OF_TWO = re.compile("각각|각자|각기|따로따로|같이|함께")  # 다 in 프린터 토너 다 썼어요 counts nothing
_MARKED = re.compile("(은|는|도|을|를)$")  # 우유팩 빨대는 같이: of the one thing's other
_APART = re.compile(r"(어떻게|따로|뭐로)\s*(나누|나눠|나눌|분류)")
_ASKED = re.compile(  # what is asked of them: 냉장고 세탁기 에어컨 무상수거 신청, 케찹통 간장병 씻어서 버려야
    r"(무상|방문)?수거|신청\S*|신고\S*|예약\S*|비용\S*|수수료\S*|씻어\S*|헹[궈구]\S*|말려\S*|닦아\S*|접어\S*|\S*수거함에"
    r"|(음식물|종량제|재활용|일반|종이|플라스틱|비닐|고철)(류|쓰레기|봉투)?(인가요?|이에요|예요|에요|로|으로|에|되\S*|맞\S*)"
)
_PERMIT = re.compile(r"(스티커|딱지|필증)\S*")
_JOINED = re.compile(r"(?P<stem>.+?)(?P<by>이?랑|하고|와|과|이?나)(요|도|는)?")
_OF_ONE = re.compile(  # 종이랑 비슷한, 과자랑 같이 든: tells of one thing only; 생일파티하고 남은: joins nothing
    r"같이|함께|비슷|같은|똑같|다른|다르|섞|붙|연결|남은|남아|나온|나서|중에|둘중|먹|마신|산|사온|쓰던|만든|갔|살던|놀|구분|차이|닮|바꾼|교환"
)
_BEGINNING = re.compile(  # 컵밥 먹고 남은, 택배 왔는데: where all of them come from
    r".*[가-힣](고|는데|서|면|니까|다가)|남은|남는|나온|나오는|온|산|받은|생긴|버릴|시킨|쓴|쓰던|먹은|있는|모은"
)
_ONES = frozenset(["거", "것", "꺼"])  # 먹다 남은 거랑 용기
_TAIL = re.compile(r"(?<=..)(은|는|을|를|도|이랑|랑)$")
_CUTLERY = ("숟가락", "젓가락", "수저")  # of plastic where they came with food


@dataclass(frozen=True, slots=True)
class Things:
    """What is asked about in one breath: the known ones, and the names of those that nothing is known of."""

    known: tuple[RuleMatch, ...] = ()
    unknown: tuple[str, ...] = ()
    dangerous: bool = False  # whether one of them is a hazard, which is told apart


def told(question: str) -> RuleMatch | None:
    """What a question names, or may mean: of several things the first, with the others beside it."""
    whole = naming.told(question)
    if whole and whole.finding == "hazard":
        return whole
    found = things(question).known
    before = len(whole.also) if whole and whole.finding == "named" else 0
    if len(found) - 1 <= before:
        return whole
    return replace(found[0], also=tuple(_called(each) for each in found[1:]))


def with_things(danger: RuleMatch, question: str) -> RuleMatch:
    """The match for a danger that is one of several things, with the harmless ones beside it."""
    found = things(question).known
    others = tuple(_called(each) for each in found if each.item != danger.item and not _dangerous(each))
    apart = things(question).dangerous or len(others) < len(found)
    if not others or not apart or len(others) <= len(danger.also):
        return danger
    return replace(danger, also=others)


def _dangerous(match: RuleMatch) -> bool:
    item = taxonomy().named(match.item or "")
    return item is not None and item.hazard is not None


def not_known(question: str) -> list[str]:
    """The sentence that asks for what is not known of several things; empty where all is."""
    names = things(question).unknown
    if not names:
        return []
    particle = with_particle(names[-1], "은", "는").removeprefix(names[-1])
    quoted = ", ".join(f"‘{name}’" for name in names)
    return [f"{quoted}{particle} 무엇인지 알아보지 못했으니 재질을 알려 주세요."]


@lru_cache(maxsize=256)
def things(question: str) -> Things:
    """The things of a question that lists them; nothing where it asks about one only."""
    found = _listed(question)
    before = "" if found.known else thing_before(question)  # 귤 껍질, 땅콩 껍질 음식물이에요
    return _listed(before) if before else found


def _listed(question: str) -> Things:
    question = re.sub(r"\([^)]*\)", " ", question)  # 알약 껍데기(은박+플라스틱): what it is of
    words = own_words(_COMMA.sub(f" {AND} ", question), 80).split()
    bought = asks_permit(question) or asks_cost(question)  # 서랍장 스티커 얼마
    ends = [_EACH, _ASKED, *([_PERMIT] if bought else [])]
    end = next(
        (at for at, word in enumerate(words) if at and any(each.fullmatch(word) for each in ends)), len(words)
    )
    parts = list(_parts(words[:end]))
    if not parts or (len(parts) < 2 and len(parts[0]) < 2):
        return Things()
    lead, begun, parts[0] = _led(parts[0])
    lead = lead or (parts[0][0] if len(parts) > 1 and len(parts[0]) > 1 else "")  # 분유통 뚜껑이랑 숟가락
    each = end < len(words) and _EACH.fullmatch(words[end])
    sure = bool(each) or len(parts) > 1 or _APART.search(question) is not None
    two = each and _OF_TWO.fullmatch(words[end]) and not _MARKED.search(words[end - 1])
    least = 2 if two or len(parts) > 1 else LEAST_ROW
    names = _of_one_kind(parts) or [name for part in parts for name in _row(part, least, sure=sure)]
    if len(names) < 2:
        return Things()
    known: dict[str, RuleMatch] = {}
    strange: list[str] = []
    dangerous = False
    for name in names[:MOST]:
        if match := _one(name, lead, begun):
            known.setdefault(_called(match), match)
        elif told_hazards(Utterance.of(name)):
            dangerous = True
        elif len(name.split()) == 1 and is_noun(name) and not PREDICATE.search(name):
            strange.append(name)
        else:
            return Things()
    enough = len(known) > 1 or (known and (strange or dangerous) and len(parts) > 1)
    return Things(tuple(known.values()), tuple(strange), dangerous) if enough else Things()


def _of_one_kind(parts: Sequence[Sequence[str]]) -> list[str]:
    """The names of things whose last word is said once: 감자 껍질 and 양파 껍질 of 감자, 양파 껍질."""
    *firsts, last = [word for part in parts for word in part]
    list_ = taxonomy()
    if len(firsts) < 2 or last not in HEADS or last in PARTS or list_.named(" ".join([*firsts, last])):
        return []
    kinds = {item.place if (item := list_.named(first)) and first not in STUFF else None for first in firsts}
    names = [f"{first} {last}" for first in firsts]
    return names if len(kinds) == 1 and None not in kinds and all(map(list_.named, names)) else []


def _parts(words: Sequence[str]) -> Iterator[list[str]]:
    """The words between commas and particles that say "and"."""
    part: list[str] = []
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        if word in _ANDS:
            yield from [part] if part else []
            part = []
        elif (stem := _stem(word)) and not _OF_ONE.match(following):
            yield [*part, stem]
            part = []
        else:
            part.append(word)
    if part:
        yield [*part[:-1], _TAIL.sub("", part[-1])]


def _stem(word: str) -> str:
    """What a word names to which another thing is joined: 용기 of 용기랑; nothing of 사과, 노랑 and 청소하고."""
    found = _JOINED.fullmatch(word)
    if found is None or taxonomy().named(word):
        return ""
    stem = found["stem"]
    if stem in _ONES:
        return stem
    known = bool(taxonomy().named(stem) or taxonomy().mentions(stem))
    if found["by"].endswith("나"):  # 하나, 이거나
        return stem if known else ""
    known = known or naming.told(stem) is not None
    return stem if known or (found["by"].endswith("랑") and len(stem) > 2) else ""


def _led(part: Sequence[str]) -> tuple[str, str, list[str]]:
    """What the things come from, how that is said, and the first of them: 컵밥 먹고 남은 and 용기."""
    if part[-1] in _ONES:
        return "", "", list(part)
    begins = [bool(_BEGINNING.fullmatch(word)) and taxonomy().named(word) is None for word in part[:-1]]
    at = max((at for at, begin in enumerate(begins) if begin), default=-1)
    source = next(
        (word for word, begin in zip(part, begins[: at + 1], strict=False) if not begin and is_noun(word)), ""
    )
    return source, " ".join(part[: at + 1]), list(part[at + 1 :])


def _row(part: Sequence[str], least: int, *, sure: bool) -> list[str]:
    """The names that stand in a row in a part; the whole part where they are one thing."""
    whole = " ".join(part)
    mentions = taxonomy().mentions(whole)
    ends, at = [0], 0
    for word in part:
        at += len(normal(word))
        ends.append(at)
    names: list[str] = []
    first = 0
    while first < len(part):
        spans = (each for each in mentions if each.start == ends[first] and each.end in ends)
        size = next((ends.index(each.end) - first for each in spans), 0)
        if not size and names:
            return [whole]
        names += [" ".join(part[first : first + size])] if size else []
        first += size or 1
    if len(names) < least:
        return [whole]
    if any(normal(name) in STUFF for name in names) and not sure:
        return [whole]
    plain = normal(names[-1]) not in GENERIC | PARTS and normal(names[-1]) not in HEADS
    return names if plain or (sure and len(names) >= LEAST_ROW) else [whole]


def _one(name: str, lead: str, begun: str) -> RuleMatch | None:
    """The match for one of the things, as part of what they come from where its own name says little."""
    plain, alone = normal(name), taxonomy().named(name)
    if alone is None and plain in classes():
        return RuleMatch(classes()[plain], None, said=name)
    vague = plain in GENERIC or plain in HEADS or plain in PARTS or plain in _CUTLERY
    for text in ([f"{lead} {name}"] if lead and vague else []) + [name]:
        match = naming.told(text)
        exact = match and match.finding == "asked" and normal(match.candidates[0]) == plain
        short = len(name.split()) < LONG or name.endswith(tuple(_ONES))
        clear = match and match.finding == "named" and (alone or short)
        if match and (clear or exact) and not match.hazards:
            if alone and (became := taxonomy().changed(alone, f"{begun} {name}")) is not alone:
                return of_item(became)
            said = name if alone and lookup(*alone.place) == match.rule else match.said
            return replace(match, finding="named", candidates=(), also=(), said=said)
    return None


def _called(match: RuleMatch) -> str:
    """A name by which the thing is found again: its owner's, else the list's, else its class."""
    said = taxonomy().named(match.said)
    own = said and lookup(*said.place) == match.rule
    return match.said if own else match.item or match.rule.keywords[0]
