from __future__ import annotations

import re

import pytest

from functions.scan.defaults import RECYCLABLE, UNCLASSIFIED
from functions.scan.rules import Rule, categories, lookup, rule_document, rules
from functions.scan.taxonomy import taxonomy


@pytest.fixture(params=sorted(rules()))
def rule(request: pytest.FixtureRequest) -> Rule:
    return rules()[request.param]


def test_there_is_a_rule_for_every_middle_and_every_major_without_middles() -> None:
    known = taxonomy()
    places = {(major, middle) for major in known.majors for middle in known.middles(major)}
    assert {(rule.category.major, rule.category.middle) for rule in rules().values()} == places
    assert len(rules()) >= 18


def test_targets_are_the_items_of_the_category(rule: Rule) -> None:
    here = (rule.category.major, rule.category.middle)
    items = {item.guide for item in taxonomy().items if item.place == here}
    assert sorted(target.item for target in rule.targets) == sorted(items)
    assert set(rule.item_steps) <= items


def test_what_is_not_accepted_belongs_elsewhere(rule: Rule) -> None:
    assert rule.not_accepted
    for other in rule.not_accepted:
        item = taxonomy().named(other.item)
        assert item, other
        place = item.major if item.major == item.middle else f"{item.major}/{item.middle}"
        assert place == other.category != f"{rule.category.major}/{rule.category.middle}"
        assert (item.major, item.middle) != (rule.category.major, rule.category.middle)


def test_steps_are_short_polite_korean(rule: Rule) -> None:
    for steps in (rule.common_steps, *rule.item_steps.values()):
        assert 2 <= len(steps) <= 5
        assert all(re.search(r"요$", step) and len(step) <= 60 for step in steps), steps


def test_it_names_its_sources_and_dates_its_facts(rule: Rule) -> None:
    assert rule.sources and rule.icon_steps
    assert all(fact.source and re.fullmatch(r"20\d\d-\d\d", fact.as_of) for fact in rule.facts)


def test_no_fee_or_phone_number_stands_outside_the_dated_facts(rule: Rule) -> None:
    texts = [
        *rule.common_steps,
        *(target.note for target in rule.targets),
        *(o.instead for o in rule.not_accepted),
    ]
    texts += [step for steps in rule.item_steps.values() for step in steps]
    assert not [text for text in texts if re.search(r"\d[\d,]*\s*원|\d{3,4}-\d{4}", text)]


def test_keywords_are_no_items() -> None:
    words = [word for rule in rules().values() for word in rule.keywords]
    assert len(words) == len(set(words))


def test_lookup_knows_no_rule_for_what_is_not_classified() -> None:
    assert lookup(UNCLASSIFIED, UNCLASSIFIED) is None
    assert lookup(RECYCLABLE, "나무") is None
    glass = lookup(RECYCLABLE, "유리병")
    assert glass and glass.key == "glass"


def test_an_item_without_steps_of_its_own_has_the_common_ones() -> None:
    glass = rules()["glass"]
    assert glass.steps("와인병") == glass.steps(None) == glass.common_steps
    assert glass.steps("소주병") != glass.common_steps


def test_a_rule_as_a_document_has_the_fields_of_the_contract() -> None:
    document = rule_document("clear-pet")
    assert document and document["category"] == {"major": RECYCLABLE, "middle": "무색페트병"}
    fields = (
        "key category name targets common_steps item_steps not_accepted icon_steps source region_overrides"
    )
    assert set(fields.split()) <= set(document)
    assert rule_document("nothing") is None


def test_categories_are_the_four_rows_of_the_contract() -> None:
    rows = categories()
    assert [(row["id"], row["display_name"]) for row in rows] == [
        ("recyclable", "재활용폐기물"),
        ("general", "일반폐기물"),
        ("food", "음식물폐기물"),
        ("bulky", "대형폐기물"),
    ]
    assert all(
        set(row) == {"id", "name", "display_name", "instructions"} and row["instructions"] for row in rows
    )
