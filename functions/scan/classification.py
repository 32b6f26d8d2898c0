"""What a vision model may answer, and what the scan goes on with.

`VisionDraft` is the schema given to a model (every field required, nothing else allowed: strict structured
output). `repair` turns a draft into a `VisionResult` that holds only what our taxonomy knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from functions.scan.defaults import UNCLASSIFIED

if TYPE_CHECKING:
    from functions.scan.taxonomy import Taxonomy

Outcome = Literal["waste", "no_waste", "unsafe", "unreadable"]


class Classification(BaseModel):
    """A place in the taxonomy; the minor is an item's name or None."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    major_category: str
    middle_category: str
    minor_category: str | None = None


class VisionMeta(BaseModel):
    """Where a result comes from."""

    model_config = ConfigDict(defer_build=True)

    user_input: str = ""
    provider: str = ""
    model: str = ""


class VisionResult(BaseModel):
    """The outcome of the vision stage; `candidates` are named instead of one answer when the model wavers."""

    model_config = ConfigDict(defer_build=True)

    classification: Classification
    situation_tags: list[str] = []
    confidence: float = Field(ge=0, le=1)
    items: list[Classification] | None = None
    meta: VisionMeta = VisionMeta()
    outcome: Outcome = "waste"
    candidates: list[Classification] = []


class _StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)


class DraftCategory(_StrictModel):
    """A category as a model writes it, not yet checked."""

    major_category: str
    middle_category: str
    minor_category: str | None


class VisionDraft(_StrictModel):
    """What a model returns."""

    outcome: Outcome
    classification: DraftCategory
    situation_tags: list[str]
    confidence: float
    items: list[DraftCategory] | None
    candidates: list[DraftCategory]


NOTHING = Classification(major_category=UNCLASSIFIED, middle_category=UNCLASSIFIED)


def repair(
    draft: VisionDraft, taxonomy: Taxonomy, *, meta: VisionMeta | None = None
) -> tuple[VisionResult, list[str]]:
    """The result to go on with, and what was wrong with the draft.

    With findings, the caller may ask the model once more and repair that answer; the result is valid either
    way: a category outside the list has become 미분류. Without asking again are set right: spelling and
    aliases of items, the middle of a major that has none, tags and further items outside the lists (left
    out), a confidence outside 0..1, a minor that no item has (None).
    """
    findings: list[str] = []
    classification = NOTHING
    if draft.outcome == "waste":
        classification = _placed(draft.classification, taxonomy, findings)
    return (
        VisionResult(
            classification=classification,
            situation_tags=[t for t in dict.fromkeys(draft.situation_tags) if t in taxonomy.tags],
            confidence=min(max(draft.confidence, 0.0), 1.0),
            items=None if draft.items is None else _known(draft.items, taxonomy),
            meta=meta or VisionMeta(),
            outcome=draft.outcome,
            candidates=_known(draft.candidates, taxonomy) if draft.outcome == "waste" else [],
        ),
        findings,
    )


def _placed(draft: DraftCategory, taxonomy: Taxonomy, findings: list[str]) -> Classification:
    major, middle = draft.major_category.strip(), draft.middle_category.strip()
    if taxonomy.middles(major) == (major,):
        middle = major
    item = taxonomy.named(draft.minor_category) if draft.minor_category else None
    wrong = taxonomy.validate(major, middle, item.name if item else None)
    findings += wrong
    if taxonomy.validate(major, middle):
        return NOTHING
    minor = item.name if item and not wrong else None
    return Classification(major_category=major, middle_category=middle, minor_category=minor)


def _known(drafts: Sequence[DraftCategory], taxonomy: Taxonomy) -> list[Classification]:
    placed = (_placed(draft, taxonomy, []) for draft in drafts)
    return list(dict.fromkeys(place for place in placed if place != NOTHING))
