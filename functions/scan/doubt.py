"""How 이코 asks back where it is not sure what a thing is: the question, and where each of the candidates goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from functions.scan.beside import careful, of_others
from functions.scan.classification import Classification
from functions.scan.korean import with_particle
from functions.scan.matches import RuleMatch
from functions.scan.rules import lookup
from functions.scan.taxonomy import taxonomy
from functions.scan.wording import asked_back, its_day, own_way

_TELL_MORE = "아니라면 이름이나 재질을 조금 더 알려 주시거나 분리배출.kr에서 찾아봐 주세요."
_PLEASE = "주세요"


def asking(match: RuleMatch) -> list[str]:
    """The question whether one of the candidates is meant, where each of them goes, and what to be careful of."""
    candidates = match.candidates or (match.item or match.rule.name,)
    goes = own_way(candidates[0], match.rule, match.item)
    return [
        asked_back(match.said, candidates),
        *(_either(candidates, goes) or [f"{with_particle(candidates[0], '이라면', '라면')} {goes}."]),
        *careful(replace(match, also=(*candidates, *match.also))),
        *(of_others(match) or [_TELL_MORE]),
    ]


def day_of_guess(match: RuleMatch) -> list[str]:
    """The day, and the question what it is, where nothing that is named goes by another."""
    about = f"말씀하신 ‘{match.said}’ 가운데 " if match.said else ""
    return [its_day(), f"{about}무엇을 버리는지 알려 주시면 어떻게 내놓는지도 찾아볼게요."]


def _either(candidates: Sequence[str], goes: str) -> list[str]:
    """Where the one and the other of two candidates go, in one sentence; nothing where that can't be said of both."""
    second = taxonomy().named(candidates[1]) if len(candidates) == 2 else None
    rule = lookup(*second.place) if second else None
    if second is None or rule is None or not goes.endswith(_PLEASE):
        return []
    one, other = (with_particle(name, "이라면", "라면") for name in candidates)
    if (elsewhere := own_way(second.name, rule, second.name)) == goes:
        return [f"어느 쪽이든 {goes}."]
    return [f"{one} {goes.removesuffix(_PLEASE)}주시고, {other} {elsewhere}."]


def confirming(match: RuleMatch) -> list[str]:
    """The question whether a photo that says little shows this, and where it goes then."""
    return [
        f"혹시 {with_particle(match.item or match.rule.name, '이', '가')} 맞나요?",
        f"맞다면 {own_way(match.item or match.rule.name, match.rule, match.item)}.",
        "아니라면 무엇인지 글로 알려 주시면 이코가 다시 찾아볼게요.",
    ]


def wavering(one: Classification, other: Classification) -> list[str]:
    """That a photo may show either, and where each of the two goes."""
    words = []
    for place in (one, other):
        rule = lookup(place.major_category, place.middle_category)
        name = place.minor_category or place.middle_category
        words.append(
            f"{with_particle(name, '이라면', '라면')} {own_way(name, rule, place.minor_category)}"
            if rule
            else name
        )
    first, second = (c.minor_category or c.middle_category for c in (one, other))
    return [
        f"{with_particle(first, '인지', '인지')} {second}인지 이코가 헷갈려요.",
        f"{words[0]}.",
        f"{words[1]}.",
    ]
