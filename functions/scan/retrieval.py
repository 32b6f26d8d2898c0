"""Find the disposal rule and the item: hazards first, then names, then a guess that is offered as a question.

The photo's classification and the user's words are both asked. What is dangerous decides whichever of them
tells it. Of ordinary things, what the user names wins over what the photo seems to show; conditions that change
the category (a greasy box is no 종이 any more) are taken from the tags and from the user's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from functions.scan.classification import Classification
from functions.scan.events import Finding, How, MatchedRules
from functions.scan.hazards import Hazard, hazards, seen, told
from functions.scan.heads import Heading, emptied, heading, of_material
from functions.scan.mentions import Mention, asked_together, topic
from functions.scan.question import DEFAULT_INPUT, content, own_words
from functions.scan.ranking import guesses
from functions.scan.regions import Variant, region_of
from functions.scan.rules import Rule, lookup, rules
from functions.scan.taxonomy import Item, taxonomy
from functions.scan.utterance import Utterance, normal

FOOD = "음식물류폐기물"
LEAST_WEIGHT = -1.0  # a mention that weighs no more is beside the point
LEAST_WRONG = 0.25  # a name with no more than this wrong a syllable is meant; with more it is asked about


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
    def steps(self) -> tuple[str, ...]:
        """What to do, in order; of a hazard its safe path, else the region's way where it has one."""
        if self.hazards:
            return self.dangers[0].steps
        return (self.variant and self.variant.steps) or self.rule.steps(self.item)

    @property
    def variant(self) -> Variant | None:
        """What the user's region does differently."""
        region = region_of(self.region) if self.region else None
        general = rules().get(self.elsewhere, self.rule)
        return region.variant(self.item, general.category.middle, general.key) if region else None

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


def retrieve(
    classification: Classification,
    minor: str | None,
    tags: Sequence[str],
    user_text: str,
    region: str | None = None,
) -> RuleMatch | None:
    """The rule for what the photo shows and the user says; None where nothing is known of it.

    `minor` is the item's name as the vision model wrote it; `user_text` what the user asked; `region` where the
    user lives, a name or a code.
    """
    found = _shown(classification, minor, tags, user_text)
    return found.within(region) if found else None


def _shown(
    classification: Classification, minor: str | None, tags: Sequence[str], user_text: str
) -> RuleMatch | None:
    said = "" if normal(user_text) == normal(DEFAULT_INPUT) else user_text
    rule = lookup(classification.major_category, classification.middle_category)
    list_ = taxonomy()
    shown = list_.named(minor) if minor else None
    middle = rule.category.middle if rule else ""
    if danger := _dangerous(said, shown, middle, tags):
        return danger
    if rule is None:
        return _told(said)
    named = _told(said) if said else None
    if named and named.finding == "named" and named.item and named.rule.key != rule.key:
        return named
    item = list_.by_name[normal(named.item)] if named and named.finding == "named" and named.item else shown
    if item and _within(item, rule):
        return _of(item, said, named.said if named and named.item == item.name else "", tags)
    here = next(item for item in list_.items if _within(item, rule))
    if (changed := list_.changed(here, said, tags)) is not here:
        return _of(changed)
    if said and content(said) and (likely := guesses(said, rule.key)):
        item_name = likely[0].item
        if item_name and named and named.finding == "asked" and item_name in named.candidates:
            return RuleMatch(rule, item_name)  # the photo confirms the guess
    return RuleMatch(rule, None)


def search(question: str, region: str | None = None) -> RuleMatch | None:
    """The rule that a question in free Korean is about, for a region; None if it is about none."""
    found = _told(question)
    return found.within(region) if found else None


def _told(question: str) -> RuleMatch | None:
    if danger := _dangerous(question):
        return _with_others(danger, question)
    list_ = taxonomy()
    if item := list_.named(question):
        return _of(item, question)
    if not content(question):
        return None
    mentions = list_.mentions(question)
    about = topic(mentions)
    head = _headed(question, mentions, about)
    named = _named(question, about, len(mentions) == 1, head)
    meant = list_.corrected(question, (head.start, head.end) if head else None) if head or not named else None
    if meant and (named is None or (head and any(start <= head.start < end for start, end in meant.spans))):
        again = list_.mentions(meant.text)
        close = topic(again)
        near = _named(meant.text, close, len(again) == 1, _headed(meant.text, again, close))
        if near and near.item and near.finding == "named":
            if meant.wrong <= LEAST_WRONG:
                return _with_others(near, meant.text)
            return replace(near, finding="asked", candidates=(near.item,), said=own_words(question))
    if named:
        return _with_others(named, question)
    return _guessed(question, list_.by_name[about.name].name if about else None)


def _named(question: str, about: Mention | None, alone: bool, head: Heading | None) -> RuleMatch | None:
    """What is named so that the question is surely about it, or by its head so that it can be one of two."""
    list_ = taxonomy()
    asked = content(question)
    if item := list_.named(asked):
        return _of(item, question, list_.spelled[normal(asked)])
    if rule := _keywords().get(asked):
        return RuleMatch(rule, None)
    if head and (first := list_.named(head.items[0])):
        words = own_words(question, 16)
        match = _of(first, question, words)
        if match and len(head.items) > 1:
            return replace(match, finding="asked", candidates=head.items, said=words)
        return match
    if about and (made := of_material(about.name, about.after)) and (item := list_.named(made)):
        return _of(item, question, own_words(question, 16))
    if about and about.with_content and (inner := _content_of(about.name)):
        return _of(inner, question)
    if about and (about.sure or (alone and not about.generic)):
        return _of(list_.by_name[about.name], question, list_.spelled[about.name])
    return None


def _content_of(name: str) -> Item | None:
    """What is in a container that is to be thrown away with it: 식빵 of 식빵 봉지째."""
    list_ = taxonomy()
    return next((item for end in range(len(name) - 1, 0, -1) if (item := list_.named(name[:end]))), None)


def _with_others(match: RuleMatch, question: str) -> RuleMatch:
    """The match with the other things that the same question asks about; the first of them leads."""
    list_ = taxonomy()
    mentions = list_.mentions(question)
    about = topic(mentions)
    together = asked_together(mentions, about) if about else []
    things = {each.name: list_.changed(list_.by_name[each.name], question) for each in together}
    names = {item.name: list_.spelled[name] for name, item in things.items() if not item.hazard}
    if match.finding == "hazard":
        return replace(match, also=tuple(called for name, called in names.items() if name != match.item))
    if len(names) < 2 or match.finding == "asked":
        return match
    called, *others = names.values()
    first = _of(list_.by_name[normal(called)], question, called)
    return replace(first, also=tuple(others)) if first else match


def _headed(question: str, mentions: Sequence[Mention], about: Mention | None) -> Heading | None:
    """The container, cover or net that the question is about, where no name says more than its last word."""
    text, list_ = Utterance.of(question), taxonomy()
    foods = [each for each in mentions if list_.by_name[each.name].major == FOOD]

    def is_food(start: int, end: int) -> bool:
        return any(each.start < end and start < each.start + len(each.name) for each in foods)

    head = heading(text, is_food)
    if head is None or about is None:
        return head if head and not head.elsewhere else None
    end = about.start + len(about.name)
    if end >= head.end and about.start <= head.start and len(about.name) > head.end - head.start:
        return None  # the name says more
    if head.elsewhere:
        beside = about.weight <= LEAST_WEIGHT and head.start < about.start
        return head if beside or (about in foods and emptied(text)) else None
    if not about.sure or (head.start >= end - 1 and not about.marked):
        return head
    return head if about in foods and emptied(text) else None


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


def _dangerous(
    said: str, shown: Item | None = None, middle: str = "", tags: Sequence[str] = ()
) -> RuleMatch | None:
    """What of it is dangerous by the user's words, by an item that is so itself, or by what the photo shows."""
    list_, text = taxonomy(), Utterance.of(said)
    mentions = list_.mentions(said)
    items = [list_.by_name[mention.name] for mention in mentions]
    items += [shown] if shown else []
    known = [(each.start, each.start + len(each.name)) for each in mentions]
    harmless = [span for span, item in zip(known, items, strict=False) if not item.hazard]
    found = told(text, known, harmless)
    if said and middle and not found:  # 깨졌어요, 부풀었어요: what it is said of is on the photo
        found = told(Utterance.of(f"{said} {shown.name if shown else middle}"), known, harmless)
    found += seen(middle, tags)
    found += [
        danger
        for item in items
        if item.hazard and not (danger := hazards()[item.hazard]).undone(text) and danger not in found
    ]
    if not found:
        return None
    names = tuple(dict.fromkeys(danger.id for danger in found))
    item = _endangered(found[0], items, topic(mentions), said, tags)
    rule = (lookup(*item.place) if item else None) or rules()["hazardous"]
    return RuleMatch(rule, item.name if item else None, finding="hazard", hazards=names)


def _endangered(
    danger: Hazard, items: Sequence[Item], about: Mention | None, said: str, tags: Sequence[str]
) -> Item | None:
    """The item that is dangerous: one that is so itself, or what the text is about if it goes the same way."""
    list_ = taxonomy()
    usual = list_.named(danger.item)
    if own := next((item for item in items if item.hazard == danger.id), None):
        return own
    if about and usual:
        item = list_.changed(list_.by_name[about.name], said, tags)
        if item.place == usual.place or (
            item.major == "생활계유해폐기물" and item.hazard in (None, danger.id)
        ):
            return item
    return usual


def _guessed(question: str, mentioned: str | None) -> RuleMatch | None:
    likely = guesses(question)
    names = [mentioned, *(guess.item or rules()[guess.rule].name for guess in likely)]
    candidates = tuple(dict.fromkeys(name for name in names if name))[:2]
    if not candidates:
        return None
    first = taxonomy().named(candidates[0])
    if first is None or not likely:
        rule = rules()[likely[0].rule] if likely else lookup(*first.place) if first else None
    else:
        rule = lookup(*first.place)
    if rule is None:
        return None
    score = likely[0].score if likely else 1.0
    item = first.name if first else None
    return RuleMatch(rule, item, score, "bm25", "asked", candidates=candidates, said=own_words(question))


def _within(item: Item, rule: Rule) -> bool:
    return item.place == (rule.category.major, rule.category.middle)


def _of(item: Item, said: str = "", called: str = "", tags: Sequence[str] = ()) -> RuleMatch | None:
    """The match for an item in the state that is said and seen of it; as its owner called it, unless changed."""
    became = taxonomy().changed(item, said, tags)
    rule = lookup(*became.place)
    return RuleMatch(rule, became.name, said=called if became is item else "") if rule else None


@cache
def _keywords() -> Mapping[str, Rule]:
    return {normal(word): rule for rule in rules().values() for word in rule.keywords}
