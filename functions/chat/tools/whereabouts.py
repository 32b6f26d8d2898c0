"""Where a question is about: by the places that its words name, else by where its user is.

A region decides what is told of fees and contacts, so a wrong one is worse than none. Kakao tells it for a position;
without Kakao a position counts only close to a town hall of ours and far from all others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from functions.locations.geometry import Position

_DATA: Final = Path(__file__).resolve().parent.parent / "data" / "towns.json"
NEAR_M: Final = 2_000
"""A position may be this far from a town hall, and every other one must be twice as far."""
_AFTER: Final = r"(?=$|[\s,.?!]|에서|에는|에|은|는|의|이|가|쪽|근처|주변|사는|살)"
_OF_PLACES: Final = (
    r"(?=에서|에\s*(살|사는|있)|\s*(쪽|근처|주변|사는|살|날씨|기온|사람|대형|스티커|수거|의류|행정))"
)
"""What is said of places only: short names are words too (양주, 고양이, 진주, 대구)."""


@dataclass(frozen=True, slots=True)
class Town:
    """A city, county or district, and where its hall is; `region` is its whole name."""

    name: str
    region: str
    position: Position


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What is known of where a question is about; `named`: its words say so."""

    region: str | None
    position: Position | None
    named: bool


@cache
def towns() -> tuple[Town, ...]:
    """All that we know by name, read once a process."""
    rows = json.loads(_DATA.read_bytes())
    found = [Town(name, f"{province} {name}", Position(*place)) for name, province, *place in rows["towns"]]
    return (*found, *(Town(name, name, Position(*place)) for name, *place in rows["provinces"]))


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    """How the names of towns are written: 서울특별시 강남구, 서울 강남구, 강남구, 강남."""
    return {town.region: re.compile(_spelled(town)) for town in towns()}


def _spelled(town: Town) -> str:
    province = town.region.split()[0]
    short = re.sub(r"(특별자치|특별|광역)?(시|도)$", "", province)
    if town.name == province:
        bare = rf"{short}{_OF_PLACES}|{short}$" if short in _WORDS else rf"{short}도?{_AFTER}"
        return rf"(?<![가-힣])({province}{_AFTER}|{short}시{_AFTER}|{bare})"
    provinces = rf"(?:{province}|{short}시?|{_SHORT.get(province, short)})\s*"
    stem = town.name[:-1]
    twins = sum(1 for other in towns() if other.name == town.name) > 1 or town.name in _TWINS
    if twins or len(stem) < 2:
        return rf"(?<![가-힣]){provinces}{town.name}{_AFTER}"
    return (
        rf"(?<![가-힣])(?:(?:{provinces})({town.name}|{stem}){_AFTER}|{town.name}{_AFTER}|{stem}{_OF_PLACES})"
    )


_SHORT: Final = {
    "충청북도": "충북",
    "충청남도": "충남",
    "전라남도": "전남",
    "경상북도": "경북",
    "경상남도": "경남",
    "전북특별자치도": "전라북도",
    "강원특별자치도": "강원도",
}
_WORDS: Final = frozenset({"대구", "광주"})
_TWINS: Final = frozenset({"중구", "동구", "서구", "남구", "북구", "강서구", "광주시"})
"""Names that several towns have."""


def named(text: str) -> Town | None:
    """The town that a text names; a district before its city, the longest name before others."""
    found = [(len(match[0]), town) for town in towns() if (match := _patterns()[town.region].search(text))]
    districts = [pair for pair in found if " " in pair[1].region]
    return max(districts or found, key=lambda pair: pair[0])[1] if found else None


def without_place(text: str) -> str:
    """A text without the words that say where its writer lives: 강남구 사는데 소파는? is about 소파는?"""
    town = named(text)
    if town is None:
        return text
    lives = r"(에서는?|에)?\s*(살고\s*있(는데|어요?)|사는데|살아요?|살고|인데)?[,.]?\s*"
    return re.sub(_patterns()[town.region].pattern + lives, "", text, count=1).strip() or text


def around(position: Position) -> str | None:
    """The region of a position by our own table; None where that is not certain."""
    halls = [town for town in towns() if " " in town.region]
    away = sorted((position.distance_m(town.position), town.region) for town in halls)
    (nearest_m, region), (next_m, _) = away[0], away[1]
    return region if nearest_m <= NEAR_M and next_m >= 2 * nearest_m and next_m >= NEAR_M else None
