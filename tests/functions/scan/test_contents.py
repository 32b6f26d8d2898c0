"""What is still in a container is told beside it; what has become of a thing is said of it as it was called."""

from __future__ import annotations

import pytest

from functions.scan.inquiry import ask


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("유리병 소스 남은거", ("유리병은 재활용품으로", "소스는 종량제봉투에")),
        ("간장 반쯤 남은 병은 어떻게 버려요", ("간장병은 플라스틱류로", "간장은 종량제봉투에")),
        ("케첩 남은 통", ("케첩통은 플라스틱류로", "케첩 남은 것은 종량제봉투에")),
        ("콜라 남은 캔", ("콜라캔은 금속류", "남은 음료는 휴지나 신문지에 흡수시켜")),
        ("커피 남은 종이컵", ("종이컵은 종이류로", "남은 음료는 휴지나 신문지에 흡수시켜")),
        ("김치 남은 김치통", ("김치통은 플라스틱류로", "김치는 음식물 쓰레기로")),
        ("참치캔기름남은거", ("폐식용유는 하수구를 막고", "참치캔은 금속류")),
        ("참치캔 기름 남은거", ("참치캔은 금속류", "기름은 휴지에 흡수시키고")),
        ("식초병", ("식초병은 플라스틱류로", "유리로 된 것은 유리병")),
    ],
)
def test_the_container_and_what_is_left_in_it_are_both_answered(text: str, told: tuple[str, str]) -> None:
    answer = ask(text).answer
    assert answer.startswith(told[0])
    assert told[1] in answer


@pytest.mark.parametrize(
    "text", ["다 먹고 남은 참치캔", "배달 떡볶이 플라스틱 용기 기름기 남아있는데 괜찮나요"]
)
def test_of_an_empty_container_nothing_is_told_beside(text: str) -> None:
    match = ask(text)
    assert match.outcome == "named"
    assert "떡볶이는" not in match.answer
    assert "참치는" not in match.answer


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("신발 한짝", "신발 한짝은 종량제봉투에"),
        ("신발 밑창이 다 떨어졌는데 의류수거함 넣어도 괜찮나요", "신발은 종량제봉투에"),
        (
            "택배 상자가 비에 다 젖었는데 종이로 내놔도 괜찮나요",
            "택배 상자는 종이류로 나눠 주세요. 물에만 젖었으면",
        ),
        ("책이 물에 빠져서 퉁퉁 불었는데 어떻게 버려요", "책은 종이류로 나눠 주세요. 물에만 젖었으면"),
        ("파쇄된 서류는 종이류인가요", "파쇄된 서류는 종이류로 나눠 주세요. 흩날리지 않게"),
        ("기름에 젖은 박스", "기름에 젖은 박스는 종량제봉투에"),
        ("담배 냄새 나는 옷", "옷은 깨끗하고 마른 것만"),
        ("칼에 녹이 슬었어요", "칼은 금속류"),
        ("나무도마 곰팡이", "나무 도마는 종량제봉투에"),
        ("교통카드 만료", "교통카드는 종량제봉투에"),
        ("TV 리모컨 건전지 들어있음", "리모컨은 건전지를 빼고"),
    ],
)
def test_a_state_is_told_of_the_thing_as_it_was_called(text: str, first: str) -> None:
    assert ask(text).answer.startswith(first)
