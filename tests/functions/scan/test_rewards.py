from __future__ import annotations

import re

import pytest

from functions.character.catalogue import BY_MIDDLE, CHARACTERS, DEFAULT, Character
from functions.scan.classification import Classification
from functions.scan.defaults import RECYCLABLE
from functions.scan.events import Finding, MatchedRules
from functions.scan.rewards import earned, match_reason
from functions.scan.rules import lookup
from functions.scan.taxonomy import taxonomy


def test_every_middle_category_of_recyclables_has_a_character() -> None:
    assert set(BY_MIDDLE) == set(taxonomy().middles(RECYCLABLE))


def matched(middle: str, finding: Finding = "named", hazards: list[str] | None = None) -> MatchedRules:
    rule = lookup(RECYCLABLE, middle)
    key = rule.key if rule else "other"
    return MatchedRules(key=key, score=1, how="index", finding=finding, hazards=hazards or [])


@pytest.mark.parametrize("character", [c for c in CHARACTERS if c.match], ids=lambda c: c.code)
def test_a_recyclable_with_rules_and_nothing_left_to_do_earns_its_character(character: Character) -> None:
    where = Classification(major_category=RECYCLABLE, middle_category=character.match or "")
    assert earned(where, matched(where.middle_category), []) is character


@pytest.mark.parametrize(
    ("major", "middle", "rules_found", "left", "enabled"),
    [
        (RECYCLABLE, "유리병", True, [], False),
        (RECYCLABLE, "유리병", False, [], True),
        (RECYCLABLE, "유리병", True, ["뚜껑을 떼어 주세요."], True),
        (RECYCLABLE, "", True, [], True),
        ("", "유리병", True, [], True),
        ("일반종량제폐기물", "일반종량제폐기물", True, [], True),
        ("음식물류폐기물", "음식물류폐기물", True, [], True),
        ("대형폐기물", "대형폐기물", True, [], True),
        ("미분류", "미분류", True, [], True),
    ],
)
def test_whatever_is_missing_earns_nothing(
    major: str, middle: str, rules_found: bool, left: list[str], enabled: bool
) -> None:
    where = Classification(major_category=major, middle_category=middle)
    match = matched("유리병") if rules_found else None
    assert earned(where, match, left, enabled) is None


@pytest.mark.parametrize("finding", ["hazard", "asked"])
def test_what_is_dangerous_or_only_guessed_earns_nothing(finding: Finding) -> None:
    where = Classification(major_category=RECYCLABLE, middle_category="금속류")
    assert earned(where, matched("금속류", finding), []) is None


def test_what_the_user_named_otherwise_than_the_photo_shows_earns_nothing() -> None:
    where = Classification(major_category=RECYCLABLE, middle_category="종이")
    assert earned(where, matched("전지"), []) is None


def test_a_middle_without_a_character_earns_the_default_one() -> None:
    where = Classification(major_category=RECYCLABLE, middle_category="새로운류")
    assert earned(where, matched("새로운류"), []) is DEFAULT


def test_the_reason_names_what_was_done() -> None:
    where = Classification(major_category=RECYCLABLE, middle_category="유리병", minor_category="소주병")
    reason = match_reason(where, BY_MIDDLE["유리병"])
    assert reason == "유리병(소주병)을 종류에 맞게 나눠 주셔서 글래시가 찾아왔어요."


# What a line says to do, and a word of the rule that must say so too.
DONE = {
    "비우": "비우",
    "헹구": "헹구|헹궈",
    "말려": "말려|마른",
    "테이프": "테이프",
    "철핀": "철핀",
    "묶": "묶",
    "라벨": "라벨",
    "찌그러": "찌그러",
    "뚜껑": "뚜껑",
    "봉투에 담": "봉투에 담",
    "다른 재질": "다른 재질",
    "의류수거함": "의류수거함",
    "종이팩 수거함": "종이팩 수거함",
    "폐건전지함": "폐건전지함",
    "폐형광등 수거함": "폐형광등 수거함",
    "소형 가전 수거함": "소형 가전 수거함",
    "무상 방문 수거": "무상 방문 수거",
    "감싸": "감싸",
    "깨지지 않게": "깨지지 않게",
    "보증금": "보증금",
    "운송장": "운송장",
    "단자": "단자",
    "젖지 않게": "젖지 않게",
}


@pytest.mark.parametrize("character", [c for c in CHARACTERS if c.match], ids=lambda c: c.code)
def test_what_a_character_says_agrees_with_the_rule(character: Character) -> None:
    rule = lookup(RECYCLABLE, character.match or "")
    assert rule
    said = " ".join(rule.common_steps) + " ".join(target.note for target in rule.targets)
    asked = [word for word in DONE if word in character.dialog]
    assert asked
    assert all(re.search(DONE[word], said) for word in asked)
    assert "종량제" not in character.dialog
