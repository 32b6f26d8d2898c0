"""Find the disposal rule and the item: hazards first, then names, then a guess that is offered as a question.

The photo's classification and the user's words are both asked. What is dangerous decides whichever of them
tells it. Of ordinary things, what the user names wins over what the photo seems to show; conditions that change
the category (a greasy box is no 종이 any more) are taken from the tags and from the user's words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from functions.scan import faq
from functions.scan.classification import Classification
from functions.scan.contents import CONTAINERS, RINSED, container_beside
from functions.scan.defaults import DEFAULT_INPUT
from functions.scan.hazards import Hazard, hazards, seen, without_replaced
from functions.scan.hazards import told as told_hazards
from functions.scan.heads import FOOD
from functions.scan.matches import RuleMatch, of_item
from functions.scan.naming import with_others
from functions.scan.polar import polar, thing_before, thing_before_question
from functions.scan.question import content, own_words
from functions.scan.rules import Rule, lookup, rules
from functions.scan.several import told, with_things
from functions.scan.spacing import spaced
from functions.scan.suspicion import suspect
from functions.scan.taxonomy import Item, taxonomy
from functions.scan.topics import Mention, topic
from functions.scan.utterance import Utterance, normal

_OF_WHAT = re.compile(r"\([^)]*[+/,][^)]*\)")  # 알약 껍데기(은박+플라스틱)
_LEFT_IN = re.compile("남|가득")
SURE, LIKELY = 0.4, 0.25  # how dangerous it must sound beside a harmless name, and beside none
_UNKNOWN, _HOLD_NOTHING = "unknown-chemical", frozenset(["대형폐기물", "전기전자제품", "의류및원단", "종이"])
_PART = r"(이거|이건|여기|여기에?붙은|근데)?(병?(뚜껑|마개)|라벨|상표|스티커|테이프|(운)?송장|빨대|손잡이|펌프|고리)"
_GONE = re.compile(rf"{_PART}(은|는|도|이|가|을|를)?(이미|다)?(없|뗐|뺐|버렸)")
_ASKED = re.compile(  # of what is on the photo: 뚜껑은 어떻게 해요, 라벨 떼야 하나요; not 뚜껑이에요, which names it
    rf"{_PART}(은|는|도|만|(을|를|이|가)?(꼭|다|안|잘|못)?(떼|뗄|뗀|빼|뺄|닫|열|따|벗|분리|제거|떨어))"
)
_MATERIALS = {
    "플라스틱류": "플라스틱",
    "금속류": "쇠",
    "종이": "종이",
    "비닐류": "비닐",
    "발포합성수지": "스티로폼",
}
"""What a thing of a class is made of, as people say it before its name."""
_CONTAINER = re.compile("캔|팩|병|봉지|봉투|상자|박스|통|컵|용기|곽|갑|판|트레이|튜브")
_CONTENT = re.compile(  # what is no food waste, and as food is seen in a container on a photo
    "소스|식초|간장|고추장|된장|쌈장|소금|설탕|꿀|고춧가루|원두|껌|건강기능식품|"
    "남은 (술|로션|샴푸)|(화장품|향수) 내용물"
)
_LEFT = re.compile("남[은았아음]|먹다|마시다|쓰다|상했|상한")
_WHOLE = {
    "유리병": "유리병",
    "무색페트병": "투명 페트병",
    "플라스틱류": "플라스틱 용기",
    "금속류": "캔",
    "종이": "종이 상자",
    "종이팩": "우유팩",
    "비닐류": "비닐봉투",
    "발포합성수지": "스티로폼 상자",
    "조명제품": "형광등",
    "전지": "배터리",
}
"""What a class is called of whose parts or state somebody tells who shows no more."""
FAINT = 0.2  # beside a harmless name: so faintly dangerous that the harmless way is told too


def retrieve(
    classification: Classification,
    minor: str | None,
    tags: Sequence[str],
    user_text: str,
    region: str | None = None,
) -> RuleMatch | None:
    """The rule for what the photo shows and the user says; None where nothing is known of it.

    `minor` is the item's name as the vision model wrote it; `user_text` what the user asked; `region` where the
    user lives, a name or a code.
    """
    found = _shown(classification, minor, tags, user_text)
    return found.within(region) if found else None


def _shown(
    classification: Classification, minor: str | None, tags: Sequence[str], user_text: str
) -> RuleMatch | None:
    said = "" if normal(user_text) == normal(DEFAULT_INPUT) else user_text
    rule = lookup(classification.major_category, classification.middle_category)
    list_ = taxonomy()
    shown = list_.named(minor) if minor else None
    middle = rule.category.middle if rule else ""
    letters = Utterance.of(said).letters if len(list_.mentions(said)) < 2 else ""
    gone, whole = _GONE.match(letters) or _asks_of_class(said), ""
    if middle and not gone and _ASKED.match(letters):
        whole = shown.name if shown else _WHOLE.get(middle, "")
        said = f"{whole} {said}"
    if danger := _dangerous(said, shown, middle, tags):
        return danger
    if rule is None:
        return _told(said)
    named = _told(said) if said and not gone else None
    if named and named.hazards:
        return named
    item = list_.by_name[normal(named.item)] if named and named.finding == "named" and named.item else shown
    if named and item and item is not shown and named.rule.key != rule.key:
        if whole:
            return replace(named, also=named.also or (whole,))
        return _pictured(named, item, said, rule) or named
    if item and _within(item, rule):
        match = of_item(item, said, named.said if named and named.item == item.name else "", tags)
        return replace(match, also=named.also) if match and named and named.item == match.item else match
    guessed = [each for name in named.candidates if (each := list_.named(name))] if named else []
    if named and (confirmed := next((each for each in guessed if _within(each, rule)), None)):
        return of_item(confirmed, said, named.said if len(guessed) == 1 else "", tags)
    here = next(item for item in list_.items if _within(item, rule))
    if (changed := list_.changed(here, said, tags)) is not here:
        return of_item(changed)
    return RuleMatch(rule, None)


def _asks_of_class(said: str) -> bool:
    """Whether it is asked where something goes without a word of what it is: 종이 맞아요, 재활용 되나요."""
    asked = polar(said)
    return asked is not None and bool(asked.destinations) and not content(thing_before(said))


def _pictured(named: RuleMatch, item: Item, said: str, rule: Rule) -> RuleMatch | None:
    """What a name that says little means on a photo of this class: 우유 its carton, 접시 one of plastic."""
    list_, name, text = taxonomy(), normal(named.said or item.name), Utterance.of(said).letters
    if item.major == FOOD or _CONTENT.fullmatch(item.name):
        held = (
            each
            for each in list_.by_name
            if each.startswith(name) and _CONTAINER.fullmatch(each[len(name) :])
        )
        packed = next((each for each in held if _within(list_.by_name[each], rule)), None)
        match = of_item(list_.by_name[packed], said, list_.spelled[packed]) if packed else None
        called = list_.spelled.get(name, item.name)
        return replace(match, also=(called,)) if match and _LEFT.search(text) else match
    material = _MATERIALS.get(rule.category.middle)
    if material is None or not text.startswith(name) or len(list_.mentions(said)) > 1:
        return None
    made = told(f"{material} {named.said or item.name}")
    meant = made and made.finding == "named" and normal(made.said).endswith(name)
    return made if made and meant and made.rule.key == rule.key else None


def search(question: str, region: str | None = None) -> RuleMatch | None:
    """The rule that a question in free Korean is about, for a region; None if it is about none."""
    found = _told(question)
    return found.within(region) if found else None


def _told(question: str) -> RuleMatch | None:
    question = thing_before_question(_OF_WHAT.sub(" ", question))
    danger = _dangerous(question)
    if danger:
        return container_beside(with_things(with_others(danger, question), question), question)
    if (entry := faq.answered(question)) and entry.first:
        return None
    match = told(question)
    if (match is None or match.finding == "asked") and (apart := spaced(question)):
        again = told(apart)
        if again and (match is None or again.finding == "named"):
            match, question = again, apart
    if (match is None or match.finding == "asked") and faq.answered(question):
        return None  # it is about no thing
    return _suspected(question, match) or match


def _suspected(question: str, match: RuleMatch | None) -> RuleMatch | None:
    """The doubt whether it is something dangerous, where it sounds so and nothing harmless is surely named.

    A hazard whose words were denied, or mean something else, is not suspected again.
    """
    list_, text, asked = taxonomy(), Utterance.of(question), content(question)
    if len(asked) < 2 or list_.named(question) or list_.named(asked):
        return None
    suspicion = suspect(text)
    named = match is not None and match.finding == "named"
    danger = hazards()[suspicion.hazard]
    if match and named and not match.item:
        return None  # a class of waste by its name
    if suspicion.probability < (FAINT if named else LIKELY) or danger.spoken_of(text):
        return None
    held = list_.named(match.item or "") if match and named else None
    if danger.id == _UNKNOWN and held and held.middle in _HOLD_NOTHING:
        return None
    if danger.id in RINSED and held and held.middle in CONTAINERS and _LEFT_IN.search(text.letters):
        return None  # 참치캔 기름 남은 거: the can, whose note says where its oil goes
    item = list_.by_name[normal(danger.item)]
    if match and match.item and named and suspicion.probability < SURE:
        return replace(
            match,
            finding="asked",
            hazards=(danger.id,),
            candidates=(match.item, item.name),
            said=own_words(question),
        )
    rule = lookup(*item.place) or rules()["hazardous"]
    names = dict.fromkeys([item.name, match.item if match and match.item else item.name])
    return RuleMatch(
        rule,
        item.name,
        suspicion.probability,
        finding="asked",
        hazards=(danger.id,),
        candidates=tuple(names),
        said=own_words(question),
    )


def _dangerous(
    said: str, shown: Item | None = None, middle: str = "", tags: Sequence[str] = ()
) -> RuleMatch | None:
    """What of it is dangerous by the user's words, by an item that is so itself, or by what the photo shows."""
    list_, text = taxonomy(), Utterance.of(said)
    mentions = list_.mentions(said)
    items = [list_.by_name[mention.name] for mention in mentions]
    items += [shown] if shown else []
    known = [(each.start, each.end) for each in mentions]
    harmless = [span for span, item in zip(known, items, strict=False) if not item.hazard]
    found = told_hazards(text, known, harmless)
    if said and middle and not found:  # 깨졌어요, 부풀었어요: what it is said of is on the photo
        called = shown.name if shown else _WHOLE.get(middle, middle)
        found = told_hazards(Utterance.of(f"{said} {called}"), known, harmless)
    found += seen(middle, tags)
    for each, place in zip(items, [*known, None], strict=False):
        danger = hazards()[each.hazard] if each.hazard else None
        if danger and danger not in found and not danger.undone(text):
            found += [] if place and danger.elsewhere(text, *place) else [danger]
    found = without_replaced(found)
    if not found:
        return None
    names = tuple(dict.fromkeys(danger.id for danger in found))
    item = _endangered(found[0], items, topic(mentions), said, tags)
    rule = (lookup(*item.place) if item else None) or rules()["hazardous"]
    called = next((list_.spelled[each.name] for each in mentions if list_.by_name[each.name] is item), "")
    if item and item is shown:
        called = item.name
    return RuleMatch(rule, item.name if item else None, finding="hazard", hazards=names, said=called)


def _endangered(
    danger: Hazard, items: Sequence[Item], about: Mention | None, said: str, tags: Sequence[str]
) -> Item | None:
    """The item that is dangerous: one that is so itself, or what the text is about if it goes the same way."""
    list_ = taxonomy()
    usual = list_.named(danger.item)
    if own := next((item for item in items if item.hazard == danger.id), None):
        return own
    if about and usual:
        item = list_.changed(list_.by_name[about.name], said, tags)
        other = item.hazard not in (
            None,
            danger.id,
        )  # what is dangerous in another way is not what this path is for
        if not other and (item.place == usual.place or item.major == "생활계유해폐기물"):
            return item
    return usual


def _within(item: Item, rule: Rule) -> bool:
    return item.place == (rule.category.major, rule.category.middle)
