"""Say what to do, by 이코: the deterministic answer made of hazards, rules and tags.

Three friendly sentences at most; the safe path of a hazard is always told whole. The same steps and
insufficiencies belong to a paid model's answer: a model may only word `user_answer`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from functions.scan import faq
from functions.scan.beside import careful, of_others, same_way, warnings_first
from functions.scan.classification import Classification, Outcome
from functions.scan.doubt import asking, confirming, day_of_guess, wavering
from functions.scan.events import Answer
from functions.scan.korean import listed_names, with_particle
from functions.scan.matches import RuleMatch
from functions.scan.question import (
    asks_cost,
    asks_deposit,
    asks_exchange,
    asks_fine,
    asks_permit,
    asks_reuse,
    asks_when,
    asks_whether,
    asks_why,
    own_words,
)
from functions.scan.reasons import because
from functions.scan.regions import region_of
from functions.scan.rules import lookup, rules
from functions.scan.several import not_known
from functions.scan.taxonomy import taxonomy
from functions.scan.verdict import judged
from functions.scan.wording import (
    FINE,
    NO_DEPOSIT,
    NOT_PAID,
    PERMIT,
    REUSE,
    SENTENCES,
    asked_back,
    directed,
    its_cost,
    its_day,
    own_way,
    said_again,
)

OFFLINE = "(오프라인 모델의 답이라 틀릴 수 있으니 한 번 더 확인해 주세요)"
WAVERING = "사진만으로 확실하지 않음"  # the tag that says so
MOST = 3  # friendly sentences
GENERAL = "일반종량제폐기물"
_EXCHANGED = "바꿔 주는"  # what a fact says of things that something is given for
_FIND_OUT = (
    "정확한 이름은 분리배출.kr(생활폐기물 분리배출 누리집)에서 찾아보거나 사는 곳의 청소과에 물어보세요."
)
_UNTOLD = {
    "no_waste": (
        "사진에서 버릴 물건을 찾지 못했어요. 이코가 볼 수 있게 버릴 물건이 가운데 오도록 다시 찍어 주세요.",
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
    if match and match.finding == "hazard":
        return _safe(match, user_input)
    if match and match.hazards:
        return _cautious(match)
    if outcome != "waste":
        why, steps = _UNTOLD[outcome]
        return Answer(disposal_steps=numbered(steps), insufficiencies=[], user_answer=why)
    if match is None:
        return unknown(user_input)
    todo = insufficiencies(classification, situation_tags, match)
    if match.finding == "asked":
        words = day_of_guess(match) if asks_when(user_input) and match.how == "bm25" else asking(match)
    elif len(candidates) >= 2:
        words = wavering(candidates[0], candidates[1])
    elif WAVERING in situation_tags:
        words = confirming(match)
    else:
        words = _telling(classification, match, todo, user_input)
    words += [OFFLINE] if offline else []
    return Answer(
        disposal_steps=numbered([*match.steps, *of_others(match)]),
        insufficiencies=todo,
        user_answer=" ".join([*words, *for_region(match)]),
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
        todo.insert(0, f"{directed(match.said or match.item, match.rule, match.item)}.")
    return list(dict.fromkeys(todo))


def unknown(user_input: str) -> Answer:
    """What is generally asked, else the honest answer about what nothing is known of, and how to find out."""
    if entry := faq.answered(user_input):
        words = " ".join(entry.answer)
        return Answer(disposal_steps=numbered(entry.steps), insufficiencies=[], user_answer=words)
    said = own_words(user_input)
    about = f"‘{said}’{_topic(said)} " if said else ""
    words = f"{about}무엇인지 이코가 알아보지 못했어요. {_FIND_OUT} 물건의 다른 이름이나 재질을 글로 알려 주시겠어요?"
    return Answer(
        disposal_steps=numbered(rules()["unclassified"].common_steps), insufficiencies=[], user_answer=words
    )


def _topic(said: str) -> str:
    return with_particle(said, "은", "는").removeprefix(said)


def _safe(match: RuleMatch, asked: str) -> Answer:
    """The safe path of the most urgent hazard, whole, then that of the others."""
    first, *others = match.dangers
    name = match.said or first.name
    words = [f"{with_particle(name, '은', '는')} {first.opening}" if first.names_it else first.opening]
    words += first.sentences
    for other in others:
        words += [f"{with_particle(other.name, '은', '는')} 이렇게 해 주세요.", *other.sentences]
    words += [*of_others(match), *not_known(asked)]
    if asks_deposit(asked) and "broken-glass" in match.hazards:
        words.append(NOT_PAID)
    if verdict := judged(asked, match):
        words = verdict.leading(words)
    if (variant := match.variant) and variant.note:
        words.append(f"{_place_of(match)}에서는 {variant.note}")
    return Answer(
        disposal_steps=numbered(first.steps),
        insufficiencies=[first.path],
        user_answer=" ".join([*words, *for_region(match)]),
    )


def _cautious(match: RuleMatch) -> Answer:
    """The question whether it is something dangerous, the safe path in case it is, then the harmless thing's way."""
    danger = match.dangers[0]
    words = [asked_back(match.said, (danger.name,)), "그렇다면 이렇게 해 주세요.", *danger.sentences]
    if match.item and match.candidates[:1] == (match.item,) and match.item != danger.item:
        goes = own_way(match.item, match.rule, match.item)
        words.append(f"그것이 아니라 {with_particle(match.item, '이라면', '라면')} {goes}.")
    else:
        words.append("아니라면 무엇인지 조금 더 알려 주시면 이코가 다시 찾아볼게요.")
    return Answer(
        disposal_steps=numbered(danger.steps),
        insufficiencies=[danger.path],
        user_answer=" ".join([*words, *for_region(match)]),
    )


def _place(classification: Classification) -> tuple[str, str]:
    return classification.major_category, classification.middle_category


def _notes(match: RuleMatch) -> list[str]:
    """What the region says of the thing, and what is generally to know, unless the region has its own way."""
    variant, general = match.variant, match.rule.note(match.guide) or ""
    if variant is None:
        return [general]
    return [variant.note] if variant.steps or variant.place else [variant.note, general]


def _place_of(match: RuleMatch) -> str:
    region = region_of(match.region)
    return region.name if region else ""


def for_region(match: RuleMatch) -> list[str]:
    """Which region the answer is for, where the user named one."""
    if not match.region:
        return []
    if not (place := _place_of(match)):
        return [f"(‘{match.region}’의 규정은 아직 없어 전국 기준으로 알려 드렸어요)"]
    return [f"({place} 기준)" if match.variant else f"(전국 기준, {place}에서 따로 정한 것은 찾지 못했어요)"]


def _telling(classification: Classification, match: RuleMatch, todo: Sequence[str], asked: str) -> list[str]:
    """First when, if that is `asked`; where it goes, what is still to be done, what to know of it: three sentences."""
    called = match.said or match.item or match.rule.name
    same = [name for name in match.also if same_way(name, match)]
    notes, how = ([], "") if match.also else _apart(match, _notes(match))
    there = f"{how} {own_way(called, match.rule, match.item or called)}".strip()
    words = [f"{with_particle(listed_names([called, *same]), '은', '는')} {there}."]
    if not match.item and match.rule.branch and lookup(*_place(classification)):
        words = [f"사진으로는 {match.rule.name} 쪽으로 보여요."]
    words += of_others(replace(match, also=tuple(name for name in match.also if name not in same)))
    back = _given_back(asked, match)
    facts = tuple(each for each in match.rule.facts_of(match.guide) if _EXCHANGED not in each)
    verdict = judged(asked, match)
    if verdict:
        words = verdict.leading(words)
        notes = warnings_first(notes, verdict.sentence)
    if asks_why(asked) and not match.also and (reason := because(asked, match, notes)):
        words.insert(1 if verdict else 0, reason)
        notes = [note.replace(reason, "").strip() for note in notes]
    if asks_when(asked):
        dated = next((note for note in notes if "요일" in note), "")
        words.insert(0, dated or its_day(match.rule))
        notes = [*facts, *(note for note in notes if note != dated)]
        facts = ()
    words[:0] = [FINE, *back] if asks_fine(asked) else back
    facts = tuple(each for each in facts if not any(each in told for told in back))
    if asks_permit(asked) and match.rule.key == "bulky" and not match.rule.way(match.guide):
        words.append(PERMIT)
    if asks_cost(asked) and not back:
        words.append(its_cost(match.rule))
    if asks_reuse(asked) and not any("쓸 만하" in note for note in notes):
        words.append(REUSE)
    seen = _seen_instead(classification, match)
    parts = [seen, _left_to_do([step for step in todo if step not in words])]
    parts += [] if match.also else [*notes, *facts]
    if not match.item and not match.also:
        parts.insert(0, match.rule.branch or f"먼저 {match.steps[0]}.")
    for part in parts:
        if part and _count([*words, part]) <= MOST:
            words.append(part if part.endswith((".", "!", "?")) else f"{part}.")
    if match.also:
        words += [each for each in careful(match) if each not in words]
    return [*words, *not_known(asked)]


def _given_back(asked: str, match: RuleMatch) -> list[str]:
    """What is given for a thing that is brought back, where that is asked: its deposit, or something else for it."""
    facts = match.rule.facts_of(match.guide)
    if asks_exchange(asked) and (given := [f"{each}." for each in facts if _EXCHANGED in each]):
        return given
    if not asks_deposit(asked) or match.rule.key not in ("glass", "clear-pet", "plastic"):
        return []
    paid = [f"{each}." for each in facts if "보증금" in each]
    opening = ("네, " if paid else "아니요, ") if asks_whether(asked) else ""
    first, *rest = paid or [NO_DEPOSIT]
    return [f"{opening}{first}", *rest]


def _apart(match: RuleMatch, notes: Sequence[str]) -> tuple[list[str], str]:
    """The notes without sentences that only say the place again, and what the first of these said to do before."""
    how = ""
    left: list[str] = []
    for note in notes:
        sentences: list[str] = []
        for sentence in SENTENCES.split(note):
            first = said_again(sentence, match.rule, match.item)
            if first is None or (first and how):
                sentences.append(sentence)
            else:
                how = how or first
        left.append(" ".join(sentences))
    return left, how


def _seen_instead(classification: Classification, match: RuleMatch) -> str:
    """What the photo seems to show where the user's words decided against it."""
    shown = lookup(classification.major_category, classification.middle_category)
    others = [lookup(*item.place) for name in match.also if (item := taxonomy().named(name))]
    if shown is None or shown in (match.rule, *others) or not match.item:
        return ""
    item = taxonomy().named(classification.minor_category or "")
    became = taxonomy().named(match.item)
    if became and became.state and shown.category.middle in became.state.middles:
        return ""  # the same thing in another condition
    if item is None and shown.category.major == GENERAL:
        return ""  # small packets are taken for it
    if item is None:
        return f"사진은 {shown.name} 쪽으로 보이니, 다른 물건이면 무엇인지 알려 주세요."
    goes = own_way(item.name, shown, item.name)
    return f"사진 속 물건이 {with_particle(item.name, '이라면', '라면')} {goes}."


def _left_to_do(todo: Sequence[str]) -> str:
    if len(todo) < 2:
        return "".join(todo)
    return f"{todo[0].rstrip('.')}, 그 밖에도 할 일이 {len(todo) - 1}가지 더 있어요."


def _count(words: Sequence[str]) -> int:
    return len(re.findall(r"[.!?](?=\s|$)", " ".join(f"{word.rstrip('.')}." for word in words)))
