"""What a yes-no or an alternative question asks: whether a thing goes somewhere, or what must be done to it first.

귤껍질은 음식물인가요, 칫솔 플라스틱에 버려도 되죠, 종이예요 비닐이에요 ask for a destination; 씻어야 하나요 and
라벨 안 떼도 되나요 for an act. What is asked with 어떻게 or 어디 is no such question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from functions.scan.rules import rules
from functions.scan.utterance import Utterance, normal

_LEAST_NAMED = 3  # letters before what is asked that name nothing: 이거
RECYCLING = "재활용폐기물"  # the major that 재활용 되나요 asks for
_WORDS = {  # destinations that are no category's
    "recycling": "재활용 재활용품 재활용쓰레기 재활용함 재활용수거함 분리수거 분리배출",
    "drain": "변기 하수구 배수구 싱크대 개수대 세면대",
    "mailbox": "우체통",
    "plain bag": "비닐봉투 비닐봉지 비닐봉다리 검은봉지 검은비닐 까만봉지 마트봉투 쇼핑봉투 편의점봉투 일반비닐",
    "unreported": "그냥밖에 그냥길에 그냥집앞에 그냥",
}
# 붙여야 하나요: what is bulky
_REPORTED = (
    "대형 스티커필요 스티커가필요 필증필요 스티커붙 스티커를붙 스티커사 스티커를사 "
    "딱지붙 딱지를붙 필증붙 필증을붙"
)
_SENTENCES = re.compile(r"(?<=[?!.])\s+|\n")
_PLACE_FIRST = re.compile(
    r"\s*(?P<place>\S+?)(?P<to>에다가?|에)(?!.{0,14}(묻|뭍|배어|배었|밴|붙|튀|튄|남[았은]))"
    r"\s+(?P<thing>\S.{0,20}?)\s+(?=(넣|버리|버려|내놓|내놔|담아)\S*)"
)
_OPEN = re.compile(  # asked with a question word: not to be answered by yes or no
    r"어떻게|어떡|어케|어디|어따|무엇|뭐(?!든)|뭘|언제|왜|누구|누가|어느|무슨|몇|며칠|얼마|어떤|방법|하는법|이유"
)
_IS = r"(?:이에요|예요|에요|이예요|인가요?|인가|이죠|죠|이야|야|이냐|냐|인지|인거죠|인거|일까요?|입니까|이지|지|이요)"
_KIND = r"(?:류|쓰레기|수거함|통|함|봉투|봉지|박스|마대|쪽|용|전용함|전용)?"
_MAY = r"(?:도|면)(?:다)?(?P<bad>안)?(?:되|돼|될|됩|괜찮|상관없|가능)"
_PUT = (
    r"(?:버리|버려|버릴|넣|내놓|내놔|내도|내면|내야|배출|가나|가요|가야|들어가|분류|모으|모아"
    r"|담|보내|나눠|나누|부|흘려|가져)"
)
_DO = r"(?:하|해|되|돼|할|함|한|됩|될)"
_TO = re.compile(  # where it would be put: 종량제에 그냥 버려도 되죠, 종이랑 같이 내놔도 되나요
    rf"(?P<box>{_KIND})(?P<to>에다가?|에|으로|로|이?랑|하고|과|와)?도?(?:그냥|바로|같이|함께|다|전부|모아서?|스티커)*"
    rf"(?:{_PUT}[가-힣]{{0,3}}?|신고[해하]|해|하|여)?"
    rf"(?:야(?:만)?(?P<must>{_DO})|{_MAY}|(?<=[가-힣])(?:나요|는건가|는거|죠)"
    r"|(?<=[가-힣])(?:버)?(?P<done>[렸었놨했]는데(?:요)?(?:괜찮|되|돼|문제없|상관없)))"
)
_BE = re.compile(  # what it would be: 음식물인가요, 플라스틱 맞죠, 재활용 되나요, 음식물 아니죠
    rf"{_KIND}(?:도|은|는|이|가|로|으로)?(?:분류)?"
    rf"(?:(?P<yes>맞|되|돼|될|됩|가능|해당|한가요|하나요|할까요|해요$|{_IS})"
    rf"|(?P<no>아니(?!고|라(?!던|는|고)|면|어서)|안되|안돼|안될|못))"
)
_ASKED_NOT = re.compile(
    r"안(?:되|돼|될|됩)(?:나|죠|지|는|까)|않나|않아요|아니죠|아닌가|아니에요|아니지|아니야"
)
_ASKS = re.compile(  # else only a question mark says that it is asked
    r"나요?|[까냐죠쥬]|인가|지요|니$|는지|는교|궁금|맞|가능|지예|여$"
)
_TOLD = re.compile(r"다고|고|서|는데|니까?|다길래|다는|다던")
# Places that no thing is called like, so that the particle may be left out: 종량제 버려도 돼요.
_NO_THINGS = "mailbox general food recycling drain unreported bulky noncombustible hazardous construction"
_OR = re.compile(rf"{_KIND}{_IS}(?:아니면|혹은|또는)?")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where things go, as people call it: the place of a rule, all that is recycled, or what is none (the drain)."""

    key: str
    label: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolarQuestion:
    """A question to be answered by yes or no, or by one of two `destinations`; or whether an `act` is done.

    `part` is what the act is done to (라벨 of 라벨 떼야), `undone` whether it is asked about leaving it undone;
    `must` is whether it is asked to be necessary; `denied` whether it is asked with a no in it, where a yes or no
    would say nothing (안 되나요), `done` whether it was already put there. `at` is where in the letters the
    destination begins.
    """

    destinations: tuple[Destination, ...] = ()
    act: str = ""
    part: str = ""
    undone: bool = False
    must: bool = False
    denied: bool = False
    done: bool = False
    at: int = 0


ACTS: Mapping[str, re.Pattern[str]] = {  # stems of what may be done to a thing, asked and told
    "wash": re.compile(r"씻(?!기(?!고))|헹[구궈군굴]|세척|닦"),
    "dry": re.compile(r"말[려리린릴]"),
    "empty": re.compile(r"비[우워운울](?!고양)|따라버"),
    "crush": re.compile(r"찌그러|밟(?=[아으고])|눌러|누르|압축"),
    "unfold": re.compile(r"펴(?=[서야고요도지])|펼[쳐치친]"),
    "fold": re.compile(r"접(?=[어지고으은])"),
    "tie": re.compile(r"묶"),
    "wrap": re.compile(r"(?<!비)감?싸(?=[서야고요도지면])|싼(?=[다채])"),
    "cut": re.compile(r"잘라|자르|썰|썬|잘게"),
    "close": re.compile(r"닫|잠[가그]|막(?=[아고으지])"),
    "remove": re.compile(
        r"떼|뗄|뗀|뜯|벗[기겨긴길]|제거|(?<!가)빼|뺀|뺄|뽑|분리(?=해야|안|하지|해서버|하고|해도)"
    ),
    "take apart": re.compile(r"분해"),
    "pierce": re.compile(r"구멍(을|도|은)?[가-힣]{0,3}(뚫|내)|뚫"),
}
_OF_PARTS = ("remove", "close")  # acts that are nothing without what they are done to
_AFTER_ACT = re.compile(
    r"[가-힣]{0,2}?(?:서|고|은채로?|ㄴ채로?)?(?:그냥|따로)?(?:버려|내놔|내놓아|넣어|버리는거|내)?"
    rf"(?:{_MAY}|야(?:만)?(?P<must>{_DO})|(?P<right>맞|는게맞))"
)
_LEFT_SO = re.compile(r"(안|못)$|(그대로|안하고|않고)$")
_PART = re.compile(r"(.{1,8}?)(?:까지|들)?(?:을|를|은|는|도|만|이|가|의|쪽)?")
_BETWEEN = re.compile(
    r"꼭|다|따로|굳이|안|못|먼저|전부|일일이|직접|제가|그냥|좀|거|건|것|게|(붙은|붙어있는|달린)(거|건|것)?"
)


def polar(question: str) -> PolarQuestion | None:
    """What the question asks to be answered by yes or no; None where it asks something else."""
    return _of(asking(question))


def asking(question: str) -> str:
    """The last sentence of a text that asks for a yes or no, with the others where none does so alone."""
    sentences = [each for each in _SENTENCES.split(question) if each.strip()]
    return _thing_first(
        next((each for each in reversed(sentences) if len(sentences) > 1 and _of(each)), question)
    )


def thing_before_question(text: str) -> str:
    """The text with what is named after a question that names nothing before it: 플라스틱 맞아요? 요구르트병."""
    first, *rest = _SENTENCES.split(text.strip())
    asked = _of(first) if len(rest) == 1 and rest[0] else None
    if asked is None or asked.at > _LEAST_NAMED or _of(rest[0]):
        return text
    return f"{rest[0].rstrip('?!. ')} {first}"


def _thing_first(question: str) -> str:
    """The question with the thing before its destination: 헌옷수거함에 이불 넣어도 as 이불 헌옷수거함에 넣어도."""
    found = _PLACE_FIRST.match(question)
    if found is None or normal(found["place"]) not in _by_name():
        return question
    return f"{found['thing']} {found['place']}{found['to']} {question[found.end() :]}"


def _of(question: str) -> PolarQuestion | None:
    text = read(question)
    letters = text.letters
    if found := _alternatives(letters):
        return found
    if _OPEN.search(letters):
        return None
    there = _destined(text, marked="?" in question)
    if there and there.destinations[0].key != "unreported":
        return there
    return _acted(text) or there


def read(question: str) -> Utterance:
    """The question's letters as `PolarQuestion.at` counts them: with 아니죠? as it stands."""
    return Utterance.of(question.replace("?", " "))


def thing_before(question: str) -> str:
    """The words before the destination, or before the part, asked about: 비닐랩 of 비닐랩 비닐류 맞죠."""
    asked = polar(question)
    if asked is None or (asked.act and not asked.part):
        return ""
    before = read(asking(question)).between(0, asked.at).strip()
    return before[: before.rindex(asked.part)].strip() if asked.part in before else ""


def destinations() -> Sequence[Destination]:
    """All that may be asked for, a category's by the key of its rule."""
    return list(dict.fromkeys(_by_name().values()))


@cache
def _by_name() -> Mapping[str, Destination]:
    named = {
        rule.key: (rule.destinations, rule.destinations[0]) for rule in rules().values() if rule.destinations
    }
    named |= {key: (tuple(words.split()), words.split()[0]) for key, words in _WORDS.items()}
    bulky, label = named["bulky"]
    named["bulky"] = ((*bulky, *_REPORTED.split()), label)
    every = (Destination(key, label, tuple(map(normal, names))) for key, (names, label) in named.items())
    return {name: each for each in every for name in each.names}


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, _by_name()), key=len, reverse=True)))


def _alternatives(letters: str) -> PolarQuestion | None:
    """Two destinations of which one is asked for: 음식물이에요 일반이에요."""
    for first in _pattern().finditer(letters):
        joined = _OR.match(letters, first.end())
        second = _pattern().match(letters, joined.end()) if joined else None
        if second and re.compile(f"{_KIND}{_IS}").match(letters, second.end()):
            one, other = _by_name()[first.group()], _by_name()[second.group()]
            return PolarQuestion((one, other), at=first.start()) if one != other else None
    return None


def _destined(text: Utterance, *, marked: bool) -> PolarQuestion | None:
    """Where the text asks whether it goes; of several places, which. `marked` is whether it has a question mark."""
    letters = text.letters
    asked: dict[Destination, PolarQuestion] = {}
    for found in _pattern().finditer(letters):
        one, start, end = _by_name()[found.group()], *found.span()
        if not text.begins(start):
            continue
        to, be = _TO.match(letters, end), _BE.match(letters, end)
        told = not (marked or _ASKS.search(letters, end))  # 도마가 플라스틱이에요
        if told and not (to and not _TOLD.match(letters, to.end())):
            continue
        if to and (
            to["to"] or to["box"] or one.key in _NO_THINGS.split()
        ):  # else it is the thing: 캔 버려도 돼요
            denied = bool(to["bad"]) or _ASKED_NOT.search(letters, to.start()) is not None
            asked[one] = PolarQuestion(
                (one,), must=bool(to["must"]), denied=denied, done=bool(to["done"]), at=start
            )
        elif be and one.key != "unreported":
            denied = bool(be["no"]) or _ASKED_NOT.search(letters, be.start()) is not None
            asked[one] = PolarQuestion((one,), denied=denied, at=start)
    if len(asked) == 2:
        return PolarQuestion(tuple(asked), at=min(each.at for each in asked.values()))
    return next(iter(asked.values())) if len(asked) == 1 else None


def _acted(text: Utterance) -> PolarQuestion | None:
    letters = text.letters
    asked = [
        (found, act, after)
        for act, stem in ACTS.items()
        for found in stem.finditer(letters)
        if (after := _AFTER_ACT.match(letters, found.end()))
    ]
    if not asked:
        return None
    found, act, after = max(asked, key=lambda each: each[0].start())
    before = letters[: found.start()]
    part = _part(text.between(0, found.start()).split()) if act in _OF_PARTS else ""
    if part is None:
        return None
    return PolarQuestion(
        act=act,
        part=part,
        undone=_LEFT_SO.search(before) is not None,
        must=bool(after["must"] or after["right"]),
        denied=bool(after["bad"]),
        at=found.start(),
    )


def _part(words: list[str]) -> str | None:
    """What an act is done to, by the words before it: 라벨 of 병에 라벨 꼭, 테이프 of 테이프 붙은 건."""
    while words and _BETWEEN.fullmatch(words[-1]):
        words = words[:-1]
    found = _PART.fullmatch(words[-1]) if words else None
    return found[1] if found and not found[1].endswith(("데", "고", "서", "면")) else None
