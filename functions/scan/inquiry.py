"""Answer a question without a platform, as `eco2 ask` prints it; with a picture, what a vision model has seen in it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from functions.scan import faq
from functions.scan.classification import NOTHING, VisionResult
from functions.scan.compose import compose
from functions.scan.events import Answer
from functions.scan.matches import RuleMatch
from functions.scan.polar import polar
from functions.scan.retrieval import retrieve, search
from functions.scan.sources import Source, named
from functions.scan.taxonomy import taxonomy
from functions.scan.verdict import judged

Outcome = Literal["hazard", "named", "asked", "unknown"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is known about a text; the fields of the contract. `candidates` are there where it is asked back.

    `region` is the name of the region whose way is told, or None where the general rule is. `dangerous` is whether
    it is a hazard or sounds like one; the safe path leads the answer. `decided` is whether the first words answer a
    yes-no question.
    """

    text: str
    outcome: Outcome
    item: str | None
    major: str | None
    middle: str | None
    minor: str | None
    candidates: list[str]
    answer: str
    steps: list[str]
    sources: list[dict[str, str]]
    region: str | None
    dangerous: bool = False
    decided: bool = False

    def document(self) -> dict[str, Any]:
        """The fields of the contract."""
        fields = asdict(self)
        del fields["dangerous"], fields["decided"]
        return fields


def ask(text: str, region: str | None = None) -> Reply:
    """The answer to one text, for a region given by name or code."""
    match = search(text, region)
    return _reply(text, match, compose(NOTHING, match, [], text))


def asks_whether(text: str) -> bool:
    """Whether a text asks if something may go somewhere: 수거함에 넣어도 돼요, not where that is."""
    asked = polar(text)
    return asked is not None and bool(asked.destinations)


def look(seen: VisionResult, text: str, region: str | None = None) -> Reply:
    """The answer to a picture by what was seen in it, and to the text with it: as a scan of both answers."""
    minor = seen.classification.minor_category
    match = retrieve(seen.classification, minor, seen.situation_tags, text, region)
    if match and seen.outcome != "waste" and not match.hazards:
        match = None
    answer = compose(
        seen.classification,
        match,
        seen.situation_tags,
        text,
        offline=seen.meta.provider == "local",
        outcome=seen.outcome,
        candidates=seen.candidates,
    )
    return _reply(text, match, answer)


def _reply(text: str, match: RuleMatch | None, answer: Answer) -> Reply:
    steps = list(answer.disposal_steps.values())
    if match is None:
        entry = faq.answered(text)
        sources = [source.document() for source in named(entry.sources)] if entry else []
        return Reply(text, "unknown", None, None, None, None, [], answer.user_answer, steps, sources, None)
    place = match.rule.category
    return Reply(
        text=text,
        outcome=match.finding,
        item=match.item,
        major=place.major,
        middle=place.middle,
        minor=match.item,
        candidates=list(match.candidates),
        answer=answer.user_answer,
        steps=steps,
        sources=[source.document() for source in sources_of(match)],
        region=match.place,
        dangerous=bool(match.hazards),
        decided=judged(text, match) is not None,
    )


def sources_of(match: RuleMatch) -> list[Source]:
    """Where the answer comes from: the hazards', the region's, the item's, the rule's guidance."""
    item = taxonomy().named(match.item) if match.item else None
    ids: list[str | None] = [name for danger in match.dangers for name in danger.sources]
    ids.append(match.variant.source if match.variant else None)
    if match.finding != "hazard":
        ids.append(item.source if item else None)
        ids += next((target.sources for target in match.rule.targets if target.item == match.guide), ())
        ids += match.rule.sources
    return named(ids)
