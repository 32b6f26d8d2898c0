"""Classify without any provider: the embedded model sees a material, the user's words may name the item.

The model knows six materials and no conditions, so a draft made here has no situation tags but the one that
says that the picture alone was not enough.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING

from functions.scan.classification import DraftCategory, VisionDraft
from functions.scan.compose import WAVERING
from functions.scan.defaults import DEFAULT_INPUT, RECYCLABLE, UNCLASSIFIED
from functions.scan.retrieval import search
from functions.scan.taxonomy import Item, taxonomy
from functions.scan.utterance import normal

if TYPE_CHECKING:
    from functions.providers.local.model import LocalClassifier, LocalGuess

GENERAL, NONCOMBUSTIBLE = "일반종량제폐기물", "불연성종량제폐기물"
BULKY, CONSTRUCTION, HAZARDOUS = "대형폐기물", "공사장생활폐기물", "생활계유해폐기물"
MATERIALS = {  # what a material is taken for when nothing more is known
    "cardboard": (RECYCLABLE, "종이", "골판지 상자"),
    "glass": (RECYCLABLE, "유리병", None),
    "metal": (RECYCLABLE, "금속류", None),
    "paper": (RECYCLABLE, "종이", None),
    "plastic": (RECYCLABLE, "플라스틱류", None),
    "trash": (GENERAL, GENERAL, None),
}
MAY_BE = {  # middles whose things can look like the material; what the user names must be one of them
    "cardboard": {"종이", "종이팩", GENERAL},
    "glass": {"유리병", "조명제품", NONCOMBUSTIBLE, HAZARDOUS},
    "metal": {"금속류", "전지", "전기전자제품", BULKY, HAZARDOUS},
    "paper": {"종이", "종이팩", GENERAL, CONSTRUCTION},
    "plastic": {"플라스틱류", "무색페트병", "비닐류", "발포합성수지", "조명제품", "전지", "전기전자제품"}
    | {GENERAL, BULKY, HAZARDOUS, CONSTRUCTION},
}


async def classify_offline(image: bytes, user_input: str) -> VisionDraft:
    """A draft by the embedded model; an image that cannot be read is "unreadable". Never calls the network."""
    from functions.providers.local.photo import UnreadablePhoto

    try:
        guess = await asyncio.to_thread(lambda: _classifier().classify(image))
    except UnreadablePhoto:
        return _draft([], 0.0, outcome="unreadable")
    return draft_of(guess, user_input)


def warm() -> None:
    """Read the embedded model, so that the first scan does not wait for it."""
    _classifier().load()


@cache
def _classifier() -> LocalClassifier:
    from functions.providers.local.model import LocalClassifier

    return LocalClassifier()


def draft_of(guess: LocalGuess, user_input: str) -> VisionDraft:
    """What the guess and the user's words mean together.

    Words that name an item which can be of the seen material decide which item it is. Against a sure photo
    they only become a second candidate; with an unsure one they stand, but as not confirmed by the photo.
    """
    said = user_input if normal(user_input) != normal(DEFAULT_INPUT) else ""
    told = search(said) if said else None
    item = taxonomy().named(told.item) if told and told.item and told.finding != "asked" else None
    if guess.verdict == "unsure" or guess.material is None:
        return _draft([_named(item)] if item else [], guess.probability if item else 0.0, wavering=True)
    seen = (
        [material for material, _ in guess.candidates] if guess.verdict == "candidates" else [guess.material]
    )
    if item and any(item.middle in MAY_BE.get(material, {item.middle}) for material in seen):
        return _draft([_named(item)], guess.probability)
    places = [_place(material) for material in seen]
    if item:
        places = [places[0], _named(item)]
    different = places[:1] + [
        place for place in places[1:] if place.middle_category != places[0].middle_category
    ]
    return _draft(different, guess.probability, wavering=len(different) > 1)


def _draft(
    places: list[DraftCategory], confidence: float, *, wavering: bool = False, outcome: str = "waste"
) -> VisionDraft:
    """The likeliest place first; two or more places are candidates."""
    return VisionDraft(
        outcome=outcome,  # type: ignore[arg-type]
        classification=places[0] if places else _UNKNOWN,
        situation_tags=[WAVERING] if wavering else [],
        confidence=confidence,
        items=None,
        candidates=places if len(places) > 1 else [],
    )


def _place(material: str) -> DraftCategory:
    major, middle, minor = MATERIALS[material]
    return DraftCategory(major_category=major, middle_category=middle, minor_category=minor)


def _named(item: Item) -> DraftCategory:
    return DraftCategory(major_category=item.major, middle_category=item.middle, minor_category=item.name)


_UNKNOWN = DraftCategory(major_category=UNCLASSIFIED, middle_category=UNCLASSIFIED, minor_category=None)
