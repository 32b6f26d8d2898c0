"""Say what to do, by 이코: the deterministic answer made of rules and tags, in at most three friendly sentences.

The same steps and insufficiencies belong to a paid model's answer: a model may only word `user_answer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from functions.scan.classification import Classification, Outcome
from functions.scan.events import Answer
from functions.scan.korean import with_particle
from functions.scan.retrieval import DEFAULT_INPUT, RuleMatch
from functions.scan.rules import lookup, rules
from functions.scan.taxonomy import Item, taxonomy

OFFLINE = "오프라인 모델의 답이라 틀릴 수 있으니 한 번 더 확인해 주세요."
WAVERING = "사진만으로 확실하지 않음"  # the tag that says so
_UNTOLD = {
    "no_waste": (
        "사진에서 버릴 물건을 찾지 못했어요, 이코예요! 버릴 물건이 가운데 오도록 다시 찍어 주세요.",
        ("버릴 물건 하나를 가운데에 놓아요", "밝은 곳에서 다시 찍어요"),
    ),
    "unsafe": (
        "이 사진은 이코가 안내해 드리기 어려워요. 사람이나 개인정보 없이 버릴 물건만 나오게 다시 찍어 주세요.",
        ("버릴 물건만 나오게 다시 찍어요", "위험한 물건이면 만지지 말고 119나 지자체에 알려요"),
    ),
    "unreadable": (
        "사진이 흐리거나 어두워서 이코가 알아보지 못했어요. 밝은 곳에서 물건이 또렷하게 나오도록 다시 찍어 주세요.",
        ("밝은 곳에서 물건에 가까이 가요", "흔들리지 않게 다시 찍어요"),
    ),
}


def compose(
    classification: Classification,
    match: RuleMatch | None,
    situation_tags: Sequence[str],
    user_input: str,
    *,
    offline: bool = False,
    outcome: Outcome = "waste",
    candidates: Sequence[Classification] = (),
) -> Answer:
    """The whole answer; the same arguments always make the same answer.

    `candidates`: with two or more, both are named and the user is asked. Without a match the fixed honest
    answer: that we do not know, and how to find out.
    """
    if outcome != "waste":
        words, steps = _UNTOLD[outcome]
        return Answer(disposal_steps=numbered(steps), insufficiencies=[], user_answer=words)
    if match is None:
        return _unknown(offline)
    todo = insufficiencies(classification, situation_tags, match)
    sentences = [_opening(match), _advice(match, todo, user_input), OFFLINE if offline else ""]
    if len(candidates) >= 2:
        sentences[:2] = _wavering(candidates[0], candidates[1])
    elif WAVERING in situation_tags:
        sentences[:2] = [
            f"혹시 {_called(match)} 맞나요?",
            "아니라면 무엇인지 글로 알려 주시면 이코가 다시 찾아볼게요.",
        ]
    return Answer(
        disposal_steps=numbered(match.steps),
        insufficiencies=todo,
        user_answer=" ".join(filter(None, sentences)),
    )


def numbered(steps: Iterable[str]) -> dict[str, str]:
    """Steps as the client reads them: {단계1: …, 단계2: …}."""
    return {f"단계{number}": step for number, step in enumerate(steps, 1)}


def insufficiencies(
    classification: Classification, situation_tags: Sequence[str], match: RuleMatch | None = None
) -> list[str]:
    """What still has to be done, in Korean, each once: a change of category, then what the photo shows."""
    tags = (taxonomy().tags.get(tag) for tag in situation_tags)
    major, middle = classification.major_category, classification.middle_category
    todo = [tag.todo for tag in tags if tag and tag.todo and tag.concerns(major, middle)]
    if match and match.item and lookup(major, middle) not in (None, match.rule):
        todo.insert(0, f"{_sorted_as(match)}.")
    return list(dict.fromkeys(todo))


def _unknown(offline: bool) -> Answer:
    words = (
        "무엇인지 알아보지 못했어요, 아는 척하지 않는 이코예요. 물건의 이름이나 재질을 글로 알려 주시겠어요?"
    )
    return Answer(
        disposal_steps=numbered(rules()["unclassified"].common_steps),
        insufficiencies=[],
        user_answer=f"{words} {OFFLINE}" if offline else words,
    )


def _sorted_as(match: RuleMatch) -> str:
    name, rule = match.item or match.rule.name, match.rule.name
    if name == rule:
        return f"{with_particle(name, '은', '는')} 이렇게 버려 주세요"
    return f"{with_particle(name, '은', '는')} {with_particle(rule, '으로', '로')} 나눠 주세요"


def _opening(match: RuleMatch) -> str:
    return f"{_sorted_as(match)}, 이코가 도와드릴게요!"


def _called(match: RuleMatch) -> str:
    return with_particle(match.item or match.rule.name, "이", "가")


def _advice(match: RuleMatch, todo: Sequence[str], user_input: str) -> str:
    """The one thing most worth saying: another thing asked about, what is still to be done, or a note."""
    other = _other(match, user_input)
    if other and (rule := lookup(other.major, other.middle)):
        return f"말씀하신 {with_particle(other.name, '은', '는')} {with_particle(rule.name, '으로', '로')} 나누면 돼요."
    todo = [step for step in todo if step != f"{_sorted_as(match)}."]
    if todo:
        if len(todo) == 1:
            return todo[0]
        return f"{todo[0].rstrip('.')}, 그 밖에도 할 일이 {len(todo) - 1}가지 더 있어요."
    return _one_sentence(match.rule.note(match.item) or f"먼저 {match.steps[0]}")


def _other(match: RuleMatch, user_input: str) -> Item | None:
    """A thing of another category that the user named beside what the photo shows."""
    item = taxonomy().find(user_input) if user_input != DEFAULT_INPUT else None
    here = match.rule.category
    return item if item and (item.major, item.middle) != (here.major, here.middle) else None


def _one_sentence(note: str) -> str:
    first = note.split(". ", maxsplit=1)[0].rstrip(".")
    return f"{first}." if first else ""


def _wavering(one: Classification, other: Classification) -> list[str]:
    first, second = (c.minor_category or c.middle_category for c in (one, other))
    return [
        f"{first} 같기도 하고 {second} 같기도 해요, 이코가 헷갈려요.",
        f"{with_particle(first, '이라면', '라면')} 아래처럼 버리고, 아니라면 무엇인지 글로 알려 주세요.",
    ]
