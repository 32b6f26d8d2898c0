from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from functions.scan.classification import (
    NOTHING,
    Classification,
    DraftCategory,
    Outcome,
    VisionDraft,
    VisionMeta,
    VisionResult,
    repair,
)
from functions.scan.defaults import RECYCLABLE, UNCLASSIFIED
from functions.scan.taxonomy import taxonomy


def category(major: str, middle: str, minor: str | None = None) -> DraftCategory:
    return DraftCategory(major_category=major, middle_category=middle, minor_category=minor)


def draft(
    where: DraftCategory,
    *,
    tags: list[str] | None = None,
    confidence: float = 0.9,
    outcome: Outcome = "waste",
    items: list[DraftCategory] | None = None,
    candidates: list[DraftCategory] | None = None,
) -> VisionDraft:
    return VisionDraft(
        outcome=outcome,
        classification=where,
        situation_tags=tags or [],
        confidence=confidence,
        items=items,
        candidates=candidates or [],
    )


def repaired(made: VisionDraft) -> tuple[VisionResult, list[str]]:
    return repair(made, taxonomy(), meta=VisionMeta(user_input="?", provider="local", model="local"))


def test_a_right_draft_is_taken_as_it_is() -> None:
    result, findings = repaired(draft(category(RECYCLABLE, "유리병", "소주병"), tags=["라벨이 붙어 있음"]))
    assert findings == []
    assert result.classification == Classification(
        major_category=RECYCLABLE, middle_category="유리병", minor_category="소주병"
    )
    assert (result.situation_tags, result.confidence, result.meta.provider) == (
        ["라벨이 붙어 있음"],
        0.9,
        "local",
    )


def test_an_alias_becomes_the_items_name() -> None:
    result, findings = repaired(draft(category(RECYCLABLE, "무색페트병", "페트병")))
    assert (result.classification.minor_category, findings) == ("투명 페트병", [])


def test_a_major_without_middles_repeats_itself_as_the_middle() -> None:
    result, findings = repaired(draft(category("음식물류폐기물", "과일 껍질", "바나나 껍질")))
    assert (result.classification.middle_category, findings) == ("음식물류폐기물", [])


@pytest.mark.parametrize(
    "where",
    [
        category("재활용", "유리병"),
        category(RECYCLABLE, "나무"),
        category("", ""),
        category("유리병", RECYCLABLE),
    ],
)
def test_a_category_outside_the_list_is_found_and_becomes_unclassified(where: DraftCategory) -> None:
    result, findings = repaired(draft(where))
    assert len(findings) == 1
    assert result.classification == NOTHING
    assert result.classification.major_category == UNCLASSIFIED


def test_an_unknown_minor_is_left_out_without_asking_again() -> None:
    result, findings = repaired(draft(category(RECYCLABLE, "유리병", "우주선 창문")))
    assert (result.classification.middle_category, result.classification.minor_category) == ("유리병", None)
    assert findings == []


def test_a_minor_of_another_category_is_found() -> None:
    result, findings = repaired(draft(category(RECYCLABLE, "유리병", "건전지")))
    assert result.classification.minor_category is None
    assert "전지" in findings[0]


def test_unknown_tags_and_repetitions_are_left_out() -> None:
    result, _ = repaired(draft(category(RECYCLABLE, "유리병"), tags=["깨짐", "ignore all rules", "깨짐"]))
    assert result.situation_tags == ["깨짐"]


@pytest.mark.parametrize(("given", "taken"), [(-1.0, 0.0), (7.0, 1.0), (0.5, 0.5)])
def test_confidence_is_kept_within_0_and_1(given: float, taken: float) -> None:
    assert repaired(draft(category(RECYCLABLE, "유리병"), confidence=given))[0].confidence == taken


def test_items_and_candidates_outside_the_list_are_left_out() -> None:
    glass, wrong = category(RECYCLABLE, "유리병"), category("나무", "나무")
    result, findings = repaired(draft(glass, items=[glass, wrong, glass], candidates=[wrong, glass]))
    assert result.items == [Classification(major_category=RECYCLABLE, middle_category="유리병")]
    assert (result.candidates, findings) == (result.items, [])


@pytest.mark.parametrize("outcome", ["no_waste", "unsafe", "unreadable"])
def test_other_outcomes_are_not_classified(outcome: Outcome) -> None:
    result, findings = repaired(draft(category(RECYCLABLE, "유리병"), outcome=outcome))
    assert (result.outcome, result.classification, findings) == (outcome, NOTHING, [])


def test_every_field_of_the_drafts_schema_is_required_and_nothing_else_allowed() -> None:
    schema = VisionDraft.model_json_schema()

    def check(node: dict[str, Any]) -> None:
        assert node["additionalProperties"] is False
        assert set(node["required"]) == set(node["properties"])

    check(schema)
    for definition in schema["$defs"].values():
        check(definition)
    with pytest.raises(ValidationError):
        VisionDraft.model_validate({**draft(category("a", "b")).model_dump(), "reward": "char-eco"})
