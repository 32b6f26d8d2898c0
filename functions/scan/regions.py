"""What cities and districts do differently. `data/regions/*.yaml`, one file a region, indexed by `reindex`.

A region that is not known is no error: the general rule holds, and the answer says that it does.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.scan.defaults import DATA
from functions.scan.utterance import normal


@dataclass(frozen=True, slots=True)
class Variant:
    """A regional difference for an item, a middle category or a rule (its key).

    `steps` replace the general ones where given; `place` is the major and middle it belongs to there.
    """

    item: str
    middle: str
    rule: str
    note: str
    steps: tuple[str, ...]
    place: tuple[str, str] | None
    source: str

    def applies(self, item: str | None, middle: str, rule: str) -> int:
        """How closely it fits: 2 for this item, 1 for its category, 0 not at all."""
        if self.item:
            return 2 if self.item == item else 0
        return int(middle == self.middle if self.middle else rule == self.rule)

    def concerns(self, middle: str, rule: str, items: Collection[str]) -> bool:
        """Whether it is about the category, its rule, or one of the items that the rule is for."""
        return self.item in items if self.item else bool(self.applies(None, middle, rule))


@dataclass(frozen=True, slots=True)
class Region:
    """A city, county or district with an ordinance of its own."""

    code: str
    name: str
    aliases: tuple[str, ...]
    source: str
    variants: tuple[Variant, ...]

    def variant(self, item: str | None, middle: str, rule: str) -> Variant | None:
        """The difference that fits best; None where the general rule holds."""
        fitting = [(each.applies(item, middle, rule), each) for each in self.variants]
        best = max(fitting, key=lambda pair: pair[0], default=None)
        return best[1] if best and best[0] else None


@cache
def regions() -> Mapping[str, Region]:
    """All regions by code, read once a process."""
    rows = json.loads((DATA / "index" / "regions.json").read_bytes())["regions"]
    return {row["code"]: _region(row) for row in rows}


def _region(row: Mapping[str, Any]) -> Region:
    variants = [
        Variant(
            item=each["applies_to"].get("item", ""),
            middle=each["applies_to"].get("middle", ""),
            rule=each["applies_to"].get("rule", ""),
            note=each.get("note", ""),
            steps=tuple(each.get("steps", ())),
            place=(each["place"]["major"], each["place"]["middle"]) if each.get("place") else None,
            source=each.get("source", row["source"]),
        )
        for each in row["variants"]
    ]
    return Region(row["code"], row["name"], tuple(row["aliases"]), row["source"], tuple(variants))


@cache
def _by_name() -> Mapping[str, Region | None]:
    """Regions by code, name and alias as `normal` spells them; None for a name that several have."""
    found: dict[str, Region | None] = {}
    for region in regions().values():
        short = region.name.replace("특별자치", "").replace("특별", "").replace("광역", "")
        for name in {normal(each) for each in (region.code, region.name, short, *region.aliases)}:
            found[name] = None if name in found else region
    return found


def region_of(text: str) -> Region | None:
    """The region with this code or name (서울특별시 강남구, 서울시 강남구, 강남); None if there is no such one."""
    return _by_name().get(normal(text))
