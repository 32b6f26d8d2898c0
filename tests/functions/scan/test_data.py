"""The data of the knowledge is whole: names, sources, rules and regions fit each other."""

import re
from collections import Counter

import pytest

from functions.scan import sourced
from functions.scan.defaults import UNCLASSIFIED
from functions.scan.hazards import hazards
from functions.scan.inquiry import sources_of
from functions.scan.matches import RuleMatch, of_item
from functions.scan.regions import region_of, regions
from functions.scan.rules import lookup, rules
from functions.scan.sources import sources
from functions.scan.taxonomy import taxonomy
from functions.scan.utterance import normal

DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?|게시일 없음")


def test_there_are_at_least_450_items() -> None:
    assert len(taxonomy().items) >= 450


def test_every_name_alias_and_brand_is_one_items_only() -> None:
    said = Counter(name for item in taxonomy().items for name in {normal(each) for each in item.names})
    assert [name for name, times in said.items() if times > 1] == []


def test_every_item_has_a_source_that_exists() -> None:
    assert [item.name for item in taxonomy().items if item.source not in sources()] == []


def test_the_list_of_sources_says_what_each_is_named_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert sourced.main() == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == len(sources()) + 1 and told[-1] == "without a source: nothing"
    assert any(line.startswith("food-ordinance: ") and " items" in line for line in told)


def test_an_entry_without_a_source_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sourced, "naming", lambda: iter([("item", "우주 장화", None)]))
    assert sourced.main() == 1
    assert "without a source: item 우주 장화" in capsys.readouterr().out


def test_things_with_a_law_of_their_own_cite_it() -> None:
    laws = {"전기전자제품": "electronics-decree", "전지": "epr-decree", "조명제품": "epr-decree"}
    laws |= {"음식물류폐기물": "food-ordinance", "대형폐기물": "waste-ordinance"}
    assert [item.name for item in taxonomy().items if laws.get(item.middle, item.source) != item.source] == []


def test_every_source_can_be_looked_up() -> None:
    for source in sources().values():
        assert source.title and source.issuer and (source.url or source.article), source.id
        assert DATE.fullmatch(source.date), source.id


def test_every_answer_says_where_it_comes_from() -> None:
    answers = [of_item(item) for item in taxonomy().items]
    answers += [RuleMatch(rule, None) for rule in rules().values()]
    answers += [
        RuleMatch(rules()["hazardous"], None, finding="hazard", hazards=(danger,)) for danger in hazards()
    ]
    for match in answers:
        assert match and sources_of(match), match


def test_every_dated_fact_names_a_source_that_can_be_looked_up() -> None:
    known = {name for source in sources().values() for name in (source.issuer, source.title)}
    told = [(rule.key, fact) for rule in rules().values() for fact in rule.facts]
    assert told
    for key, fact in told:
        assert any(name in fact.source for name in known), (key, fact)


def test_every_rule_and_target_names_sources_that_exist() -> None:
    for rule in rules().values():
        assert rule.sources, rule.key
        named = {*rule.sources, *(name for target in rule.targets for name in target.sources)}
        assert named <= sources().keys(), rule.key


def test_every_item_is_a_target_of_its_categorys_rule() -> None:
    for item in taxonomy().items:
        rule = lookup(*item.place)
        assert rule and rule.note(item.guide), item.name


def test_there_are_at_least_12_regions_each_with_a_source_that_exists() -> None:
    assert len(regions()) >= 12
    for region in regions().values():
        assert region.source in sources(), region.name
        assert region.variants and all(each.source in sources() for each in region.variants), region.name


def test_every_region_is_found_by_its_code_name_and_aliases() -> None:
    for region in regions().values():
        for name in (region.code, region.name, *region.aliases):
            assert region_of(name) == region, name


def test_every_variant_is_for_an_item_a_middle_or_a_rule_that_exists() -> None:
    items = {item.name for item in taxonomy().items}
    middles = {middle for major in taxonomy().majors for middle in taxonomy().middles(major)}
    for region in regions().values():
        for variant in region.variants:
            assert variant.item in items or variant.middle in middles or variant.rule in rules(), region.name
            assert variant.note.endswith(("요.", "요).", "안내).")), (region.name, variant.note)
            assert variant.place is None or lookup(*variant.place), region.name


def test_the_rules_for_a_material_say_what_decides_on_a_photo_of_it_alone() -> None:
    materials = ("plastic", "metal", "glass", "paper", "general", "vinyl", "styrofoam")
    assert [key for key in materials if not rules()[key].branch] == []
    assert rules()["unclassified"].category.major == UNCLASSIFIED
