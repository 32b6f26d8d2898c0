from __future__ import annotations

import json
import re

import pytest
import yaml

from functions.scan.defaults import DATA, RECYCLABLE, UNCLASSIFIED
from functions.scan.reindex import taxonomy_index
from functions.scan.retrieval import search
from functions.scan.rules import lookup, rules
from functions.scan.taxonomy import taxonomy
from functions.scan.utterance import normal

MAJORS = [
    "재활용폐기물",
    "일반종량제폐기물",
    "불연성종량제폐기물",
    "음식물류폐기물",
    "대형폐기물",
    "공사장생활폐기물",
    "생활계유해폐기물",
    "미분류",
]
MIDDLES = ["종이", "종이팩", "무색페트병", "플라스틱류", "비닐류", "발포합성수지", "유리병", "금속류"]
MIDDLES += ["의류및원단", "전지", "조명제품", "전기전자제품"]
GROUPS = [
    "내용물과 오염",
    "라벨과 뚜껑과 부속",
    "재질",
    "파손",
    "배달 용기",
    "스티로폼 부착물",
    "위험",
    "조명",
]
GROUPS += ["묶음과 세트", "여러 개와 대형", "분류 불가"]


def test_majors_and_middles_are_those_of_the_contract() -> None:
    known = taxonomy()
    assert set(known.majors) == set(MAJORS)
    assert set(known.middles(RECYCLABLE)) == set(MIDDLES)
    assert all(known.middles(major) == (major,) for major in MAJORS if major != RECYCLABLE)
    assert known.middles("없는폐기물") == ()


def test_there_are_at_least_200_items_each_with_aliases_and_in_every_category() -> None:
    items = taxonomy().items
    assert len(items) >= 200
    places = {(item.major, item.middle) for item in items}
    assert places == {(m, mid) for m in MAJORS for mid in taxonomy().middles(m)} - {
        (UNCLASSIFIED, UNCLASSIFIED)
    }


def test_no_name_or_alias_belongs_to_two_items() -> None:
    owners: dict[str, set[str]] = {}
    for item in taxonomy().items:
        for name in (item.name, *item.aliases):
            owners.setdefault(normal(name), set()).add(item.name)
    assert {name: found for name, found in owners.items() if len(found) > 1} == {}


def test_the_generated_index_is_that_of_the_yaml_lists() -> None:
    assert json.loads((DATA / "index" / "taxonomy.json").read_text()) == taxonomy_index()


def test_about_eighty_tags_stand_each_once_in_the_groups_of_the_contract() -> None:
    groups = yaml.safe_load((DATA / "situation_tags.yaml").read_text())
    assert list(groups) == GROUPS
    names = [row["tag"] for rows in groups.values() for row in rows]
    assert len(names) == len(set(names)) == len(taxonomy().tags)
    assert 75 <= len(names) <= 100


def test_every_todo_is_a_polite_sentence_for_categories_that_exist() -> None:
    known = taxonomy()
    places = {*known.majors, *(middle for major in known.majors for middle in known.middles(major))}
    for tag in known.tags.values():
        if tag.todo is None:
            assert tag.scope == ()
        else:
            assert re.search(r"(세요|마세요)\.$", tag.todo), tag
            assert tag.scope and set(tag.scope) <= places, tag


def test_states_name_items_middles_and_tags_that_exist() -> None:
    known = taxonomy()
    for item in known.items:
        if item.state:
            assert set(item.state.items) <= {other.name for other in known.items}
            assert set(item.state.middles) <= set(MIDDLES)
            assert set(item.state.tags) <= set(known.tags)


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("소주병", "소주병"),
        ("건전지", "건전지"),
        ("페트병", "투명 페트병"),
        ("PET 병", "투명 페트병"),
        ("종이컵", "종이컵"),
        ("소주병이에요", "소주병"),
        ("이거 소주병인가요??", "소주병"),
        ("배 껍질은 어디에 버려요", "배 껍질"),
        ("다 쓴 건전지를 버리려고요", "건전지"),
        ("닭뼈 음식물에 버려도 되나요", "치킨 뼈"),
        ("계란 까고 나온 껍데기는요", "달걀 껍데기"),
        ("컵라면 용기에 남은 국물", "국물"),
        ("프라이팬에 기름이 묻었어요", "프라이팬"),
        ("튀김하고 남은 식용유 한 냄비", "폐식용유"),
        ("김치를 못 먹겠어요", "김치"),
    ],
)
def test_find_names_what_a_sentence_is_about(text: str, item: str) -> None:
    found = taxonomy().find(text)
    assert found
    assert found.name == item


@pytest.mark.parametrize(
    "text", ["", "  ", "???", "오늘 날씨 어때", "이건 뭐예요", "전지전능", "배고파", "못 버리는 거"]
)
def test_find_sees_no_names_inside_other_words(text: str) -> None:
    assert taxonomy().find(text) is None


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("깨진 소주병", "깨진 유리"),
        ("깨끗한 소주병", "소주병"),
        ("깨지지 않은 형광등", "형광등"),
        ("형광등이 깨졌어요", "깨진 형광등"),
        ("기름 묻은 피자 박스", "기름 묻은 종이"),
        ("기름이 묻지 않은 피자 박스", "피자 박스"),
        ("구멍난 양말", "해진 옷"),
    ],
)
def test_a_state_that_is_said_makes_another_item_of_it(text: str, item: str) -> None:
    found = taxonomy().find(text)
    assert found and found.name == item


def test_validate_says_what_is_wrong_and_what_would_be_right() -> None:
    known = taxonomy()
    assert known.validate(RECYCLABLE, "유리병", "소주병") == []
    assert known.validate(RECYCLABLE, "유리병") == []
    assert "not one of" in known.validate("재활용", "유리병")[0]
    assert "종이팩" in known.validate(RECYCLABLE, "유리")[0]
    assert "재활용폐기물/전지" in known.validate(RECYCLABLE, "유리병", "건전지")[0]
    assert "not in the list" in known.validate(RECYCLABLE, "유리병", "우주선")[0]


def test_every_item_resolves_to_a_rule_that_knows_it() -> None:
    for item in taxonomy().items:
        rule = lookup(item.major, item.middle)
        assert rule and rule.note(item.guide), item
    assert len(rules()) == len(MIDDLES) + len(MAJORS) - 1


@pytest.mark.parametrize(
    ("text", "middle"),
    [
        ("와인 병뚜껑 돌려 따는 거", "금속류"),
        ("와인 코르크 뚜껑", "일반종량제폐기물"),
        ("냄비 손잡이 떼어낸 거", "일반종량제폐기물"),
        ("전자담배 액상 남은 거", "생활계유해폐기물"),
    ],
)
def test_a_part_and_a_filling_go_their_own_way(text: str, middle: str) -> None:
    match = search(text)
    assert match and match.finding == "named" and match.rule.category.middle == middle
