"""The first words of the answer to a yes-no or alternative question, where what is known of the thing decides it.

Where a thing goes is its category's, what is done to it first its note's and its steps'. A sentence that sends it
elsewhere in some case, or an act that none speaks of, leaves the question undecided: the answer then says what it
always says. Of a hazard only what must not be done is told before its safe path, and nothing is ever permitted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from functions.scan.beside import other_thing, same_way
from functions.scan.korean import with_particle
from functions.scan.matches import RuleMatch
from functions.scan.materials import names_material
from functions.scan.polar import (
    ACTS,
    RECYCLING,
    Destination,
    PolarQuestion,
    asking,
    destinations,
    polar,
    read,
)
from functions.scan.rules import rules
from functions.scan.spacing import spaced
from functions.scan.taxonomy import taxonomy
from functions.scan.utterance import normal
from functions.scan.wording import SENTENCES

YES, NO = "네,", "아니요,"
_FORBIDDEN = re.compile(
    r"(?<=말고)[, ]|(?<=않고)[, ]|(?<=않은 채)[로 ]|(?<=마세요)\.|(?<=뒤) |(?<=아니라서) |(?<=아니라) "
)
_CLAUSES = re.compile(rf"{_FORBIDDEN.pattern}|(?<=[고서며]),? ")
_FORBIDS = re.compile(
    r"(지 ?(는|도)?(말고|마세요|말아요|않고|않아요|않은 채|못해요)|(이|가)? ?아니(에요|라서?|고)|안 ?(돼|되))"
)
_NO_ACT = re.compile(r"기(?!고)|어?낸|어?진")  # 떼기 어려우면, 떼어 낸 천은
_UNDONE = re.compile(r"[가-힣]{0,3}?(지|거나.{1,20}지)(는|도)?(말|마세|않|못)")
_IN_CASE = re.compile(r"(?<!수 있으)면 |거나 .*면 |는 지역|기도 해요|따라 ")
_CONTRARY = {"close": "remove", "remove": "close", "fold": "unfold"}
_TOLD = dict(ACTS) | {  # 분해하지 말고 is told as 부품을 빼지 않고
    "take apart": re.compile(r"분해|(재질|부분|부품|날개|나사|천이?나|천과)[가-힣]{0,9}(떼|빼|뗄)")
}
_SAME_PARTS = {
    each: alike
    for alike in (("라벨", "상표"), ("뚜껑", "마개"), ("스티커", "상표", "운송장"))
    for each in alike
}
_AS_ONE = re.compile(  # 같이 버려도 되나요, 한 봉투에 넣어도 돼요, 섞어 버리면 안 되나요
    r"(같이|함께|한꺼번에|한번에|한데|섞어서?|한(봉투|봉지|곳|통|군데|상자|박스)에)(다|그냥|모아서?|묶어서?|담아서?|넣어서?|섞어서?|같이)*"
    r"(버리|버려|내놓|내놔|내|넣|배출|묶|담|모으|모아|분리배출해|해)[가-힣]{0,3}?((도|면)(안)?(되|돼|될|됩|괜찮)|나요|는거|는건가|죠)"
)
_LEFT_ON = re.compile(  # a part, that it stays on, and that it is asked whether it may
    r"(?P<part>펌프|뚜껑|마개|라벨|상표|테이프|테잎|운송장|송장|스티커|스프링|철핀|코팅|비닐|필름|빨대|손잡이|끈|고무|패킹|리본|건전지"
    r"|배터리|코르크|홀더|고리|은박|흡수패드)"
    r"(까지|째로?|통째로?|(이|가|도|은|는)?(그대로|아직|좀|다)?(붙|달|끼|꽂|있)[가-힣]{0,6}?|(을|를|은|는|도)?(안|못)(떼|빼|벗기|뜯|제거하)(?!(어)?[지져진집])고?)"
    r".{0,16}(되|돼|될|괜찮|상관없|가능)"
)
_WRAPPED = re.compile(
    r"(봉지|봉투|포장|비닐|용기|통)(째로?|통째로?|그대로)[가-힣]{0,12}(되|돼|될|괜찮|나요|까요|죠)"
)
_ANOTHER_UNDONE = re.compile(r"안(씻|헹|비우|떼|빼|닦|말리)[가-힣]{0,2}고")
_EACH_REPORTED = re.compile(
    r"(따로|각각|각자|하나씩)(다)?(신고|접수|스티커|필증|돈|수수료|사|붙)[가-힣]{0,6}(나|까|죠|되|돼)"
)
_SPELLED = {"테잎": "테이프", "송장": "운송장"}
_APART = re.compile("나눠 모|섞지|끼리 모")  # 종이컵끼리 모아요: not with others of its class
_AS_IT_IS = re.compile(r"그냥|그대로|바로|통째")
_NOTHING = re.compile(  # what says nothing of the thing's condition
    r"(헌|작은|오래된|신던|고장난|깨끗한|깨끗이|깨끗하게|씻은|씻어서|씻었는데|헹군|헹궈서|버리려면|버릴건데|내놓을때|먹고|난|이거"
    r"|이건|이것|그거|혹시|저기|근데|그럼|그냥|꼭|다|보통|원래|무조건|전부|모두|그대로|바로|집에|있는|쓰던|다쓴|쓴|먹은|마신"
    r"|버릴려면|새|우리|요즘|같은|것도?|거|거는|건|도|은|는|하나|한개|여러개|버릴때|버리려는데|버리는데|버리고|버릴|싶은데|싶어요|많은데|이제"
    r"|[0-9]+(cm|센치|센티|인용|kg|키로|킬로|리터|l|개|단)?|짜리|긴|큰|하나만|건데|건데도|두개|세개|있는데|중고|안쓰는)+"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`opening` begins the first sentence (네, 아니요); that is the answer's own, or a `sentence` put before it.

    `agrees` is whether what was asked is so; None where one of two was asked for, or it depends.
    """

    agrees: bool | None
    opening: str = ""
    sentence: str = ""

    def leading(self, words: list[str]) -> list[str]:
        """The answer's sentences with the verdict before them."""
        first, rest = (self.sentence, words) if self.sentence else (words[0], words[1:])
        return [f"{self.opening} {first}".strip(), *rest]


def judged(question: str, match: RuleMatch) -> Verdict | None:
    """What the first words say to the question; None where it is none to be answered so, or not decided."""
    question = question if " " in question else spaced(question) or question
    asked = polar(question)
    if match.also and match.finding == "named" and (both := _of_several(question, asked, match)):
        return both
    if match.rule.key == "food" and match.item and _WRAPPED.search(read(question).letters):
        return Verdict(False, NO, "포장은 벗기고 알맹이만 내놓아요.")
    if match.finding == "named" and match.item and (told := _left_on(question, asked, match)):
        return Verdict(False, NO, told)
    if (reported := _reported_apart(question, match)) is not None:
        return reported
    if asked is None or match.finding == "asked":
        return None
    if match.finding == "hazard":
        return _forbidden(asked, match)
    if not match.item or (match.variant and not match.variant.place):
        return None
    if asked.act and match.also and not asked.part:
        return _of_act_on_all(asked, match)
    if asked.act:
        return _of_act(asked, match, read(question).letters)
    return _of_places(question, asked, match)


def _of_several(question: str, asked: PolarQuestion | None, match: RuleMatch) -> Verdict | None:
    """Whether several things go to one place, or may be put out as one: 비닐이랑 종이 같이 버려도 되나요."""
    if asked and len(asked.destinations) == 1:
        goes = {_goes(asked.destinations[0], each) for name in match.also if (each := other_thing(name))} | {
            _goes(asked.destinations[0], match)
        }
        if None in goes or asked.denied or (True in goes and _AS_IT_IS.search(question)):
            return None
        if len(goes) > 1:
            return Verdict(False, NO, "가는 곳이 서로 달라요.")
        return Verdict(True, YES) if True in goes else Verdict(False, NO)
    if _AS_ONE.search(read(question).letters) is None:
        return None
    if all(same_way(name, match) for name in match.also):
        return None if any(_APART.search(each) for each in _note(match)) else Verdict(True, YES)
    return Verdict(False, NO, "따로 나눠 주세요.")


def _reported_apart(question: str, match: RuleMatch) -> Verdict | None:
    """That several bulky things are reported one by one: 침대 프레임이랑 매트리스 따로 신고해야 하나요."""
    bulky = match.rule.key == "bulky" and match.also and all(same_way(name, match) for name in match.also)
    if not bulky or not _EACH_REPORTED.search(read(question).letters):
        return None
    return Verdict(True, YES, "물건마다 따로 신고하고 수수료도 따로 내요.")


def _forbidden(asked: PolarQuestion, match: RuleMatch) -> Verdict | None:
    """That it must not be done, where the hazard's own words forbid it in every case."""
    told = [said for danger in match.dangers for said in (*danger.sentences, *danger.steps)]

    def speaks(clause: str) -> bool:
        if asked.act:
            return _done(clause, asked.act, asked.part) is not None
        one = asked.destinations[0]
        rule = rules().get(one.key)
        recycled = rule is not None and rule.category.major == RECYCLING
        return _names(clause, one) or (recycled and "재활용" in clause)

    if len(asked.destinations) > 1 or asked.undone:
        return None
    said = [forbids for clause, forbids in _clauses(told, whole=True) if speaks(clause)]
    if said and all(said):
        return Verdict(False, sentence="안 돼요.")
    called = normal(match.said or match.item or "")
    sentences = [each for text in told for each in SENTENCES.split(text) if speaks(each)]
    refused = any(forbids and called in normal(clause) for clause, forbids in _clauses(sentences))
    return Verdict(False, sentence="안 돼요.") if refused else None  # 물약과 연고는 (우체통에) 넣지 못해요


def _of_act(asked: PolarQuestion, match: RuleMatch, letters: str = "") -> Verdict | None:
    """What the note or the steps say of the act, in their own sentence; `letters` are the question's."""
    for sentence in (*_note(match), *match.steps):
        for act, contrary in ((asked.act, False), (_CONTRARY.get(asked.act, ""), True)):
            done = _done(sentence, act, asked.part)
            if done is None or (contrary and not done):
                continue
            told = sentence if sentence.endswith(".") else f"{sentence}."
            if asked.denied or _IN_CASE.search(f"{sentence} "):
                return Verdict(None, sentence=told)
            agrees = (done != contrary) != asked.undone
            if agrees and not asked.undone and _ANOTHER_UNDONE.search(letters):
                return Verdict(None, sentence=told)  # 안 헹구고 말려서: one act is done, another is not
            return Verdict(agrees, YES if agrees else NO, told)
    return None


def _left_on(question: str, asked: PolarQuestion | None, match: RuleMatch) -> str:
    """What is told of a part that is asked to be left on: 펌프까지 플라스틱으로, 테이프 붙어 있는데 그냥 내놔도."""
    found = _LEFT_ON.search(read(question).letters)
    if found is None or (asked and any(each.key == "general" for each in asked.destinations)):
        return ""
    part = _SPELLED.get(found["part"], found["part"])
    told = (each for each in (*_note(match), *match.steps) if _done(each, "remove", part))
    sentence = next((each for each in told if not _IN_CASE.search(f"{each} ")), "")
    return sentence if not sentence or sentence.endswith(".") else f"{sentence}."


def _of_act_on_all(asked: PolarQuestion, match: RuleMatch) -> Verdict | None:
    """What is told of the act for the first of several things, where the same holds of all."""
    others = [each for name in match.also if (each := other_thing(name))]
    first, *rest = (_of_act(asked, each) for each in (match, *others))
    same = first and all(each and each.agrees == first.agrees for each in rest)
    return first if same and first and first.agrees is not None else None


def _done(sentence: str, act: str, part: str) -> bool | None:
    """Whether a sentence tells to do the act to the part or not to do it; None where it speaks of no such act."""
    stem = _TOLD.get(act)
    if stem is None:
        return None
    letters = normal(sentence)
    for found in stem.finditer(letters):
        if _NO_ACT.match(letters, found.end()):
            continue
        before = letters[max(found.start() - 16, 0) : found.start()]
        if any(re.search(f"{re.escape(each)}(?!대)", before) for each in _SAME_PARTS.get(part, (part,))):
            return _UNDONE.match(letters, found.end()) is None
    return None


def _of_places(question: str, asked: PolarQuestion, match: RuleMatch) -> Verdict | None:
    goes = [_goes(each, match) for each in asked.destinations]
    if len(goes) > 1:
        return _chosen(asked, goes)
    [there], [one] = goes, asked.destinations
    if match.also:
        return None
    if there is None or (there and not _understood(question, asked, match)):
        return None
    if there and _AS_IT_IS.search(question):
        return None  # where something may have to be done first, that is told instead of a yes
    if asked.done and not there:
        return Verdict(False, NO, "아직 가져가기 전이면 꺼내서 다시 버려 주세요.")
    if asked.denied and re.search("되|돼|됩|될", question):
        return Verdict(there, "돼요," if there else "안 돼요,")
    if asked.denied:
        return Verdict(there, _agreeing(one, there))
    return Verdict(there, YES if there else NO)


def _agreeing(one: Destination, there: bool) -> str:
    """음식물 아니죠? is agreed to or not, in words that say which."""
    name = with_particle(one.label, "이", "가")
    return f"{NO} {name} 맞으니" if there else f"{YES} {name} 아니니"


def _chosen(asked: PolarQuestion, goes: list[bool | None]) -> Verdict | None:
    if None in goes or all(goes):
        return None
    if not any(goes):
        return Verdict(False, "둘 다 아니니")
    right, wrong = sorted(asked.destinations, key=lambda each: not goes[asked.destinations.index(each)])
    words = f"{with_particle(wrong.label, '이', '가')} 아니라 {with_particle(right.label, '이니', '니')}"
    return Verdict(None, words)


def _goes(one: Destination, match: RuleMatch) -> bool | None:
    """Whether the thing goes there; None where that depends, by its own note or steps."""
    own = match.rule.way(match.guide)
    there = one.key == match.rule.key or (one.key == "recycling" and match.rule.category.major == RECYCLING)
    if one.key == "plain bag":  # in which recycled things may be brought there
        return None if match.rule.category.major == RECYCLING else False
    if one.key == "unreported":
        return False if match.rule.key in ("bulky", "construction") else None
    if own and one.key != "drain":
        said = any(not forbids and _names(clause, one) for clause, forbids in _clauses([own]))
        there = said or (there and one.key == "general")
        return there if there or one.key != "recycling" else None
    if there:
        return True
    if _made_otherwise(match, one):
        return None
    steps = match.rule.item_steps.get(match.guide or "", ())
    sentences = [*_note(match), *(step for step in steps if _IN_CASE.search(step))]
    sent = any(not forbids and _names(clause, one) for clause, forbids in _clauses(sentences))
    return None if sent else False


def _made_otherwise(match: RuleMatch, one: Destination) -> bool:
    """Whether a thing that is called like it goes there: 계란판 may be of paper or of plastic."""
    called = normal(match.said or match.item or "")
    rule = rules().get(one.key)
    alike = (item for item in taxonomy().items if normal(item.name).endswith(called))
    return rule is not None and any(
        names_material(normal(item.name).removesuffix(called))
        and item.place == (rule.category.major, rule.category.middle)
        for item in alike
    )


@cache
def _words(key: str) -> tuple[str, ...]:
    """What says in our own sentences that something goes there."""
    if key == "recycling":
        each = [_words(rule.key) for rule in rules().values() if rule.category.major == RECYCLING]
        return (*(word for words in each for word in words), "재활용")
    return next((each.names for each in destinations() if each.key == key), ())


def _names(clause: str, one: Destination) -> bool:
    letters = normal(clause)
    return any(name in letters for name in _words(one.key))


def _note(match: RuleMatch) -> list[str]:
    return [each for each in SENTENCES.split(match.rule.note(match.guide) or "") if each]


def _clauses(sentences: Iterable[str], *, whole: bool = False) -> Iterator[tuple[str, bool]]:
    """The clauses of sentences, each with whether it says what is not to be done, or not so.

    `whole`: all that stands before 마세요 is forbidden (찌르고 누르고 물에 담그지 마세요).
    """
    for sentence in sentences:
        for each in SENTENCES.split(sentence):
            for clause in (_FORBIDDEN if whole and "마세요" in each else _CLAUSES).split(each):
                if clause:
                    yield clause, _FORBIDS.search(f"{clause}.") is not None


def _understood(question: str, asked: PolarQuestion, match: RuleMatch) -> bool:
    """Whether the question says nothing of the thing but its name: a condition that is not known of may forbid it."""
    question = asking(question)
    text = read(question)
    if match.said and normal(match.said) == normal(text.between(0, asked.at)):
        return True
    spans = [(each.start, each.end) for each in taxonomy().mentions(question)]
    for start, end in zip(text.starts, text.starts[1:], strict=False):
        if start >= asked.at:
            break
        if any(first < end and start < last for first, last in spans):
            continue
        if not _NOTHING.fullmatch(text.letters[start:end]):
            return False
    return True
