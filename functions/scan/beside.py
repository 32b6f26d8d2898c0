"""What is told beside the thing that leads an answer: where the other things go, and what is to be careful of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from functions.scan.hazards import hazards
from functions.scan.korean import listed_names, with_particle
from functions.scan.matches import RuleMatch
from functions.scan.rules import classes, lookup
from functions.scan.taxonomy import taxonomy
from functions.scan.utterance import normal
from functions.scan.wording import SENTENCES, own_way, way

_CARE = re.compile(
    r"다치|찔리|뾰족|눌리지 않|식혀|식힌|불씨|날카|날을|새지|만지|조심|불이 날|가스를|터지|뿌려 비|깨지지 않"
)


def careful(match: RuleMatch) -> list[str]:
    """What keeps the things of one question from hurting somebody: 다치지 않게 감싸요, 완전히 식혀요.

    Of one that is a hazard itself: what must not be done.
    """
    found = [item for name in [match.item or "", *match.also] if (item := taxonomy().named(name))]
    notes = [rule.note(item.guide) or "" for item in found if (rule := lookup(*item.place))]
    sentences = [each for note in notes for each in SENTENCES.split(note)]
    dangers = [hazards()[item.hazard].never for item in found if item.hazard]
    return list(dict.fromkeys([*(each for each in sentences if _CARE.search(each)), *dangers]))


def of_others(match: RuleMatch) -> list[str]:
    """Where the other things of the same question go, a sentence each."""
    sentences: dict[str, list[str]] = {}
    for name in match.also:
        if other := other_thing(name):
            sentences.setdefault(own_way(name, other.rule, other.item), []).append(name)
    return [f"{with_particle(listed_names(names), '은', '는')} {goes}." for goes, names in sentences.items()]


def other_thing(name: str) -> RuleMatch | None:
    """The match for another thing of a question by its name, or for a class of waste by its own."""
    if item := taxonomy().named(name):
        rule = lookup(*item.place)
        return RuleMatch(rule, item.name) if rule else None
    rule = classes().get(normal(name))
    return RuleMatch(rule, None) if rule else None


def same_way(name: str, match: RuleMatch) -> bool:
    """Whether another thing of the question goes where the first one does: they are told in one sentence."""
    other = other_thing(name)
    return other is not None and way(other.rule, other.item) == way(match.rule, match.item)


def warnings_first(notes: Sequence[str], told: str) -> list[str]:
    """The notes' sentences without one that was `told`; what keeps from harm comes first, for not all may be told."""
    left = [each for note in notes for each in SENTENCES.split(note) if each and each != told]
    return sorted(left, key=lambda each: _CARE.search(each) is None) if told else list(notes)
