"""The rule of rewards, which character a scan earns: one pure function over the catalogue. A model has no say in it."""

from __future__ import annotations

from collections.abc import Sequence

from functions.character.catalogue import BY_MIDDLE, DEFAULT, Character
from functions.scan.classification import Classification
from functions.scan.defaults import RECYCLABLE
from functions.scan.events import MatchedRules
from functions.scan.korean import with_particle
from functions.scan.rules import lookup


def earned(
    classification: Classification,
    match: MatchedRules | None,
    insufficiencies: Sequence[str],
    enabled: bool = True,
) -> Character | None:
    """The character that this scan earns, or None.

    A recyclable earns one when its rule was found for sure, nothing is left to do, and neither a hazard nor a
    doubt decided the answer.
    """
    complete = bool(classification.major_category and classification.middle_category)
    if not (enabled and complete and classification.major_category == RECYCLABLE and not insufficiencies):
        return None
    rule = lookup(classification.major_category, classification.middle_category)
    if match is None or match.finding != "named" or (rule and rule.key != match.key):
        return None
    return BY_MIDDLE.get(classification.middle_category, DEFAULT)


def match_reason(classification: Classification, character: Character) -> str:
    """The reason for this character, in words for the user."""
    minor = classification.minor_category
    thing = f"{classification.middle_category}{f'({minor})' if minor else ''}"
    sorted_out = f"{with_particle(thing, '을', '를')} 종류에 맞게 나눠 주셔서"
    return f"{sorted_out} {with_particle(character.name, '이', '가')} 찾아왔어요."
