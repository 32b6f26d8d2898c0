"""Disposal rules, one file a middle or major: `data/rules/*.json`, read once a process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from functions.scan.defaults import DATA, UNCLASSIFIED
from functions.scan.regions import regions
from functions.scan.sources import named
from functions.scan.utterance import normal


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Category(_Frozen):
    """The place in the taxonomy that a rule is for."""

    major: str
    middle: str


class Target(_Frozen):
    """An item the rule is for, and what to know of it; `way` ends the sentence that says where it alone goes."""

    item: str
    note: str
    way: str = ""
    sources: tuple[str, ...] = ()


class NotAccepted(_Frozen):
    """What does not belong here, the category it belongs to, and what to do with it."""

    item: str
    category: str
    instead: str


class IconStep(_Frozen):
    """A step as a picture: the icon's name and its label."""

    icon: str
    label: str


class Fact(_Frozen):
    """A figure, date or contact, with who says so and when it was last checked."""

    text: str
    source: str
    as_of: str
    items: tuple[str, ...] = ()  # what it is told of


class Rule(_Frozen):
    """How one category is disposed of; all texts Korean.

    `verb` ends the sentence that says where its things go, `branch` tells apart what looks alike on a photo.
    `destinations` is what people call where its things go, the plainest first, and `why` the reason they go there;
    both are no part of the document.
    """

    about: str
    key: str
    category: Category
    name: str
    keywords: tuple[str, ...]
    targets: tuple[Target, ...]
    common_steps: tuple[str, ...]
    item_steps: Mapping[str, tuple[str, ...]]
    not_accepted: tuple[NotAccepted, ...]
    icon_steps: tuple[IconStep, ...]
    facts: tuple[Fact, ...]
    sources: tuple[str, ...]
    verb: str = ""
    branch: str = ""
    destinations: tuple[str, ...] = Field((), exclude=True)
    why: str = Field("", exclude=True)

    def steps(self, item: str | None) -> tuple[str, ...]:
        """The item's own steps, or those common to the category."""
        return self.item_steps.get(item or "", self.common_steps)

    def note(self, item: str | None) -> str | None:
        """What to know of the item."""
        return next((target.note for target in self.targets if target.item == item), None)

    def way(self, item: str | None) -> str:
        """How the sentence ends that says where the item goes; empty where its category says so."""
        return next((target.way for target in self.targets if target.item == item), "") or self.verb

    def facts_of(self, item: str | None) -> tuple[str, ...]:
        """Deposits, contacts and dates to tell of the item."""
        return tuple(fact.text for fact in self.facts if item in fact.items)


@cache
def rules() -> Mapping[str, Rule]:
    """All rules by key."""
    files = sorted((DATA / "rules").glob("*.json"))
    return {rule.key: rule for rule in (Rule.model_validate_json(file.read_bytes()) for file in files)}


@cache
def _by_category() -> Mapping[tuple[str, str], Rule]:
    return {(rule.category.major, rule.category.middle): rule for rule in rules().values()}


def lookup(major: str, middle: str) -> Rule | None:
    """The rule of a category; None for 미분류 and for what the taxonomy does not know."""
    return None if major == UNCLASSIFIED else _by_category().get((major, middle))


@cache
def classes() -> Mapping[str, Rule]:
    """Rules by what their classes of waste are called, as `normal` spells it: 종이, 플라스틱류."""
    return {normal(word): rule for rule in rules().values() for word in rule.keywords}


def rule_document(key: str) -> dict[str, Any] | None:
    """A rule as JSON, for clients; None if there is no such rule."""
    rule = rules().get(key)
    if rule is None:
        return None
    return rule.model_dump(mode="json") | {
        "source": [source.document() for source in named(rule.sources)],
        "region_overrides": [
            {"region": region.name, "note": variant.note}
            for region in regions().values()
            for variant in region.variants
            if variant.concerns(rule.category.middle, rule.key, [target.item for target in rule.targets])
        ],
    }


def categories() -> list[dict[str, Any]]:
    """The four ways out for waste, as GET /categories answers: id, name, display_name, instructions."""
    rows: list[dict[str, Any]] = json.loads((DATA / "categories.json").read_bytes())["categories"]
    return rows
