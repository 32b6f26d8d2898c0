"""A bottle and its cap in one question are both answered, each its own way."""

from __future__ import annotations

import pytest

from functions.scan.classification import Classification, VisionResult
from functions.scan.inquiry import ask, look


@pytest.mark.parametrize(
    "text",
    [
        "소주병이랑 뚜껑은 어떻게 버려요?",
        "맥주병 뚜껑 따로 버려야 하나요 병은요",
        "잼병 뚜껑은 쇠고 병은 유리인데 따로 버려요?",
        "병이랑 뚜껑 따로 버려야 하나요 유리병이에요",
    ],
)
def test_of_glass_the_cap_goes_to_metal(text: str) -> None:
    told = ask(text)
    assert told.outcome == "named" and told.middle == "유리병"
    assert "뚜껑은 금속류(캔·고철)로 나눠 주세요." in told.answer


@pytest.mark.parametrize("text", ["생수병은 뚜껑이랑 같이 버려요?", "페트병이랑 뚜껑 따로 버려요?"])
def test_on_clear_pet_it_is_closed(text: str) -> None:
    told = ask(text)
    assert told.outcome == "named" and told.middle == "무색페트병"
    assert "뚜껑을 닫은 뒤" in told.answer and "금속류" not in told.answer


def test_which_bottle_is_asked_where_nothing_says_so() -> None:
    told = ask("병이랑 뚜껑은 어떻게 버려요?")
    assert told.outcome == "asked" and told.candidates == ["유리병", "투명 페트병"]
    assert "유리병이라면 재활용품으로 따로 나눠 주시고, 투명 페트병이라면 라벨을 떼고" in told.answer
    assert "유리병 뚜껑은 금속류(캔·고철)로 나눠 주세요." in told.answer


@pytest.mark.parametrize("text", ["소주병 뚜껑", "냄비 뚜껑이랑 냄비", "유리병", "샴푸병이랑 뚜껑은요"])
def test_a_cap_alone_or_of_something_else_is_left_to_its_name(text: str) -> None:
    assert "유리병 뚜껑" not in ask(text).answer


def pictured(middle: str, minor: str | None, text: str) -> str:
    """The answer to a text about a picture."""
    seen = Classification(major_category="재활용폐기물", middle_category=middle, minor_category=minor)
    return look(VisionResult(classification=seen, confidence=0.95), text).answer


@pytest.mark.parametrize(
    ("middle", "minor", "text", "told"),
    [
        ("유리병", None, "뚜껑은 어떻게 해요?", "유리병 뚜껑은 금속류(캔·고철)로 나눠 주세요. 유리병은"),
        (
            "유리병",
            "맥주병",
            "이거 뚜껑은요?",
            "맥주병 뚜껑은 금속류(캔·고철)로 나눠 주세요. 맥주병은 유리병으로",
        ),
        ("유리병", None, "소주병인데 뚜껑은 따로 버리나요", "소주병 뚜껑은 금속류(캔·고철)로"),
        ("무색페트병", None, "병뚜껑은요", "투명 페트병 병뚜껑은 플라스틱류로 나눠 주세요. 투명 페트병은"),
        ("무색페트병", None, "라벨은 꼭 떼야 하나요", "투명 페트병은 라벨을 떼고"),
        (
            "종이",
            None,
            "운송장 떼야 돼요?",
            "네, 테이프, 운송장, 철핀을 모두 떼고 납작하게 접어요. 종이 상자는 종이류로",
        ),
        ("종이팩", None, "빨대는 같이 버려요?", "빨대는 종량제봉투에 버려 주세요. 우유팩은 종이팩"),
    ],
)
def test_a_part_is_that_of_what_is_on_the_photo(middle: str, minor: str | None, text: str, told: str) -> None:
    answer = pictured(middle, minor, text)
    assert answer.startswith(told) or told in answer.partition(". ")[2], answer
    assert "쪽으로 보이니" not in answer and "사진 속 물건이" not in answer


def test_a_part_that_is_itself_on_the_photo_is_what_is_thrown_away() -> None:
    assert pictured("플라스틱류", "플라스틱 병뚜껑", "뚜껑은 어떻게 해요?").startswith(
        "플라스틱 뚜껑은 플라스틱류로"
    )
    assert pictured("유리병", None, "빨대예요").startswith("빨대는 종량제봉투에")


@pytest.mark.parametrize("text", ["뚜껑은 없어요", "라벨은 다 뗐어요"])
def test_a_part_that_is_gone_is_not_asked_about(text: str) -> None:
    assert pictured("유리병", "맥주병", text).startswith("맥주병은 유리병으로")
