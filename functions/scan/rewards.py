"""Which character a scan earns: one pure function over the catalogue. A model has no say in it."""

from __future__ import annotations

from collections.abc import Sequence

from functions.character.catalogue import BY_MIDDLE, DEFAULT, Character
from functions.scan.classification import Classification
from functions.scan.korean import with_particle
from functions.scan.taxonomy import RECYCLABLE


def earned(
    classification: Classification, rules_found: bool, insufficiencies: Sequence[str], enabled: bool = True
) -> Character | None:
    """The character that this scan earns, or None: a recyclable with rules and nothing left to do earns one."""
    complete = bool(classification.major_category and classification.middle_category)
    if not (enabled and complete and classification.major_category == RECYCLABLE and rules_found):
        return None
    return None if insufficiencies else BY_MIDDLE.get(classification.middle_category, DEFAULT)


def match_reason(classification: Classification, character: Character) -> str:
    """Why this character, in words for the user."""
    minor = classification.minor_category
    thing = f"{classification.middle_category}{f'({minor})' if minor else ''}"
    return f"{thing} 분리배출을 바르게 해서 {with_particle(character.name, '이', '가')} 찾아왔어요."
