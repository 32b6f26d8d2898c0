"""What a yes-no question asks is told from one that asks how, where or when."""

from __future__ import annotations

import pytest

from functions.scan.polar import polar, thing_before


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("치킨뼈 음식물에 넣어도 돼요?", ["food"]),
        ("칫솔 플라스틱으로 버리면 되나요", ["plastic"]),
        ("종이컵은 종이팩이랑 같이 내놔도 돼요?", ["paperpack"]),
        ("베개 헌옷수거함 되나요", ["clothes"]),
        ("칫솔 재활용 돼요?", ["recycling"]),
        ("식용유 싱크대에 부어도 돼?", ["drain"]),
        ("책상 그냥 내놔도 돼요?", ["unreported"]),
        ("의자 스티커 붙여야 하나요?", ["bulky"]),
        ("귤껍질은 음쓰예요 일쓰예요?", ["food", "general"]),
        ("종이컵은 종이로 버리면 되나요 일반인가요", ["paper", "general"]),
    ],
)
def test_where_it_would_go_is_told_by_what_people_call_the_place(text: str, keys: list[str]) -> None:
    asked = polar(text)
    assert asked and [each.key for each in asked.destinations] == keys


@pytest.mark.parametrize(
    ("text", "act", "part", "undone"),
    [
        ("요플레 통 꼭 씻어서 버려야 돼요?", "wash", "", False),
        ("참치캔 안 헹구고 그냥 내놔도 되죠?", "wash", "", True),
        ("형광등 신문지에 싸야 하나요?", "wrap", "", False),
        ("와인병 라벨 떼야 되나요", "remove", "라벨", False),
        ("택배 상자 송장 안 떼고 버려도 되나요", "remove", "송장", True),
        ("스티로폼에 테이프 붙은 거 떼야 하나요", "remove", "테이프", False),
        ("콜라 페트 뚜껑 닫아서 버리는 거 맞죠?", "close", "뚜껑", False),
    ],
)
def test_what_would_be_done_to_it_is_told_with_its_part(text: str, act: str, part: str, undone: bool) -> None:
    asked = polar(text)
    assert asked and not asked.destinations
    assert (asked.act, asked.part, asked.undone) == (act, part, undone)


@pytest.mark.parametrize(
    "text",
    [
        "칫솔 어떻게 버려요?",
        "플라스틱은 어디에 버려요?",
        "라벨 어떻게 떼야 하나요",
        "도마가 플라스틱이에요",
        "플라스틱 아니고 고무로 된 대야",
        "캔 버려도 돼요?",
        "소주병",
    ],
)
def test_other_questions_and_statements_ask_for_no_yes_or_no(text: str) -> None:
    asked = polar(text)
    assert asked is None or (not asked.destinations and not asked.act)


def test_that_a_no_is_in_the_question_is_kept() -> None:
    for text in ("영수증은 종이로 버리면 안 되나요", "치킨뼈 음식물 아니죠?"):
        asked = polar(text)
        assert asked and asked.denied


def test_the_thing_stands_before_the_place_and_before_its_part() -> None:
    assert thing_before("고무장갑 플라스틱이에요 비닐이에요?") == "고무장갑"
    assert thing_before("고무장갑 플라스틱이에요") == ""
    assert thing_before("비닐랩 비닐류 맞죠?") == "비닐랩"
    assert thing_before("쇼핑백 끈은 떼고 버려야 해요?") == "쇼핑백"
    assert thing_before("캔 씻어야 하나요") == ""
