"""What was found for a question or a photo: the rule, the item, and how sure it is.

A match is stored with the scan and read again when its answer is written, so it holds names and keys only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from functions.scan.events import Finding, How, MatchedRules
from functions.scan.hazards import Hazard, hazards
from functions.scan.regions import Variant, region_of
from functions.scan.rules import Rule, lookup, rules
from functions.scan.taxonomy import Item, taxonomy


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """The rule that applies, the item it was found by, how well (1 for the index, BM25's score else) and how.

    `finding` tells how sure it is: "hazard" (the `hazards` decide, most urgent first), "named", or "asked", a
    guess among `candidates` for what the user called `said`. `also` are other things of the same question.
    `region` is where the user lives, as the user wrote it; `elsewhere` the key of the rule that holds in others.
    """

    rule: Rule
    item: str | None
    score: float = 1.0
    how: How = "index"
    finding: Finding = "named"
    hazards: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    said: str = ""
    region: str = ""
    elsewhere: str = ""

    @property
    def dangers(self) -> list[Hazard]:
        """The hazards themselves."""
        return [hazards()[name] for name in self.hazards]

    @property
    def guide(self) -> str | None:
        """The name of the item that notes, steps and variants are written for."""
        item = taxonomy().named(self.item) if self.item else None
        return item.guide if item else self.item

    @property
    def steps(self) -> tuple[str, ...]:
        """What to do, in order; of a hazard its safe path, else the region's way where it has one."""
        if self.hazards:
            return self.dangers[0].steps
        return (self.variant and self.variant.steps) or self.rule.steps(self.guide)

    @property
    def variant(self) -> Variant | None:
        """What the user's region does differently."""
        region = region_of(self.region) if self.region else None
        general = rules().get(self.elsewhere, self.rule)
        return region.variant(self.guide, general.category.middle, general.key) if region else None

    @property
    def place(self) -> str | None:
        """The name of the region whose way is told; None where the general rule is."""
        region = region_of(self.region) if self.region and self.variant else None
        return region.name if region else None

    def within(self, region: str | None) -> RuleMatch:
        """The same for a region, where the thing may belong to another category."""
        here = replace(self, region=region or "")
        if not (variant := here.variant) or not variant.place or not (rule := lookup(*variant.place)):
            return here
        return replace(here, rule=rule, elsewhere=self.rule.key)

    def stored(self) -> MatchedRules:
        """The match as the event carries it."""
        return MatchedRules(
            key=self.rule.key,
            item=self.item,
            score=self.score,
            how=self.how,
            finding=self.finding,
            hazards=list(self.hazards),
            candidates=list(self.candidates),
            also=list(self.also),
            said=self.said,
            region=self.region,
            elsewhere=self.elsewhere,
        )


def restore(stored: MatchedRules) -> RuleMatch | None:
    """The match that was stored; None if the rule does not exist any more."""
    rule = rules().get(stored.key)
    if rule is None:
        return None
    return RuleMatch(
        rule,
        stored.item,
        stored.score,
        stored.how,
        stored.finding,
        tuple(name for name in stored.hazards if name in hazards()),
        tuple(stored.candidates),
        tuple(stored.also),
        stored.said,
        stored.region,
        stored.elsewhere,
    )


def of_item(item: Item, said: str = "", called: str = "", tags: Sequence[str] = ()) -> RuleMatch | None:
    """The match for an item in the state that is said and seen of it; as its owner called it, unless changed."""
    became = taxonomy().changed(item, said, tags)
    rule = lookup(*became.place)
    return RuleMatch(rule, became.name, said=called if became is item else "") if rule else None
