"""What people throw away: majors, middles, items with their aliases, and the conditions seen on a photo.

`data/item_class_list.yaml` and `data/situation_tags.yaml` are the source; what is read at run time is
`data/index/taxonomy.json`, made from them by `python -m functions.scan.reindex` (parsing the YAML at every
cold start would cost ten times as much).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from functions.scan.defaults import DATA
from functions.scan.mentions import Names
from functions.scan.states import says
from functions.scan.topics import Mention, topic
from functions.scan.typos import Correction, Spellings
from functions.scan.utterance import Utterance, normal

UNSETTLED = 0.3  # the share of longer names that must go elsewhere for a name to say little of them


@dataclass(frozen=True, slots=True)
class Condition:
    """When an item is said (`words`) or seen (`tags`) to be so, another item stands for it.

    `items` and `middles` are what it may happen to.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    items: tuple[str, ...]
    middles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing people throw away; `aliases` are what else it is called, each alias one item's only.

    `brands` are trade names it is known by, `hazard` the id of the hazard that it is, `source` the id of the
    guidance that says where it belongs. `like` is the item that the same is told of, in the same place.
    """

    name: str
    major: str
    middle: str
    aliases: tuple[str, ...]
    state: Condition | None = None
    hazard: str | None = None
    source: str | None = None
    brands: tuple[str, ...] = ()
    like: str | None = None

    @property
    def guide(self) -> str:
        """The name of the item that notes, steps, facts and regional variants are written for."""
        return self.like or self.name

    @property
    def place(self) -> tuple[str, str]:
        """Major and middle."""
        return self.major, self.middle

    @property
    def names(self) -> tuple[str, ...]:
        """Everything it is called."""
        return self.name, *self.aliases, *self.brands


@dataclass(frozen=True, slots=True)
class Tag:
    """A visible condition; `todo` says in Korean what it leaves to do for the categories in `scope`."""

    name: str
    group: str
    todo: str | None
    scope: tuple[str, ...]

    def concerns(self, major: str, middle: str) -> bool:
        """Whether the todo holds for this category."""
        return self.todo is not None and (major in self.scope or middle in self.scope)


@dataclass(frozen=True)
class Taxonomy:
    """The whole list; `places` maps each major to its middles, a major without middles to itself."""

    places: Mapping[str, tuple[str, ...]]
    items: tuple[Item, ...]
    tags: Mapping[str, Tag]

    @property
    def majors(self) -> tuple[str, ...]:
        """All majors, 미분류 last."""
        return tuple(self.places)

    def middles(self, major: str) -> tuple[str, ...]:
        """The middles of a major; empty for an unknown one."""
        return self.places.get(major, ())

    @cached_property
    def by_name(self) -> Mapping[str, Item]:
        """Items by their names and aliases, spelled as `normal` spells."""
        return {normal(name): item for item in self.items for name in item.names}

    @cached_property
    def spelled(self) -> Mapping[str, str]:
        """Every name as it is written, by how `normal` spells it."""
        return {normal(name): name for item in self.items for name in item.names}

    @cached_property
    def _names(self) -> Names:
        return Names(frozenset(self.by_name))

    def named(self, text: str) -> Item | None:
        """The item whose name or alias this is; case, spaces and punctuation do not matter."""
        return self.by_name.get(normal(text))

    def mentions(self, text: str) -> list[Mention]:
        """Where items are named in a text, in order, the longest names first chosen."""
        return self._names.mentions(text)

    def corrected(self, text: str, known: Sequence[tuple[int, int]] = ()) -> Correction | None:
        """The text with names in the place of what seems misspelled of them; None if nothing seems so.

        Words that name something as they stand, those at `known`, and those of every question are left alone.
        """
        named = [(each.start, each.end) for each in self.mentions(text)]
        return self._spellings.corrected(Utterance.of(text), [*named, *known])

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings(self.by_name)

    @cached_property
    def unsettled(self) -> frozenset[str]:
        """Names that say little of where a longer name that ends with them goes: 장갑, 고무장갑."""
        longer: dict[str, list[bool]] = {}
        for name, item in self.by_name.items():
            for start in range(1, len(name)):
                if end := self.by_name.get(name[start:]):
                    longer.setdefault(name[start:], []).append(end.place != item.place)
        return frozenset(
            name for name, others in longer.items() if sum(others) >= max(2, UNSETTLED * len(others))
        )

    def find(self, text: str) -> Item | None:
        """The item that a name or a sentence is about, in the state that is said of it; None if none is named."""
        item = self.named(text)
        if item is None:
            named = topic(self.mentions(text))
            item = self.by_name[named.name] if named else None
        return item and self.changed(item, text)

    def changed(self, item: Item, text: str = "", tags: Sequence[str] = ()) -> Item:
        """The item that this one has become by what is said or seen of it: 소주병 -> 깨진 유리."""
        said = Utterance.of(text)
        mentions = self.mentions(text) if text else []
        for other in self._states:
            state = other.state
            if state is None or not (item.guide in state.items or item.middle in state.middles):
                continue
            named = [(each.start, each.end) for each in mentions if self.by_name[each.name] is not other]
            if any(tag in state.tags for tag in tags) or says(said, state.words, named):
                return other
        return item

    @cached_property
    def _states(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.state)

    def validate(self, major: str, middle: str, minor: str | None = None) -> list[str]:
        """What is wrong with a category, in words a model can act on; empty if nothing."""
        if major not in self.places:
            return [f"major_category {major!r} is not one of {', '.join(self.majors)}"]
        if middle not in self.places[major]:
            return [f"middle_category {middle!r} is not one of {major}'s: {', '.join(self.places[major])}"]
        item = self.named(minor) if minor else None
        if minor and item is None:
            return [f"minor_category {minor!r} is not in the list"]
        if item and (item.major, item.middle) != (major, middle):
            return [
                f"minor_category {minor!r} belongs to {item.major}/{item.middle}, not to {major}/{middle}"
            ]
        return []


def read(index: Mapping[str, Any]) -> Taxonomy:
    """From the generated index, as `reindex` writes it."""
    places = {major: tuple(middles) for major, middles in index["places"].items()}
    tags = {tag[0]: Tag(tag[0], tag[1], tag[2], tuple(tag[3])) for tag in index["tags"]}
    return Taxonomy(places, tuple(_item(*row) for row in index["items"]), tags)


def _item(
    name: str,
    major: str,
    middle: str,
    aliases: Sequence[str],
    state: Sequence[Sequence[str]] | None,
    brands: Sequence[str],
    hazard: str | None,
    source: str | None,
    like: str | None = None,
) -> Item:
    condition = Condition(*map(tuple, state)) if state else None
    return Item(name, major, middle, tuple(aliases), condition, hazard, source, tuple(brands), like)


@cache
def taxonomy() -> Taxonomy:
    """The taxonomy of this version, read once a process."""
    return read(json.loads((DATA / "index" / "taxonomy.json").read_bytes()))
