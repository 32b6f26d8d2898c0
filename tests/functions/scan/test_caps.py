"""A bottle and its cap in one question are both answered, each its own way."""

from __future__ import annotations

import pytest

from functions.scan.inquiry import ask


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
    assert "유리병이라면 유리병으로 나눠 주시고, 투명 페트병이라면 라벨을 떼고" in told.answer
    assert "유리병 뚜껑은 금속류(캔·고철)로 나눠 주세요." in told.answer


@pytest.mark.parametrize("text", ["소주병 뚜껑", "냄비 뚜껑이랑 냄비", "유리병", "샴푸병이랑 뚜껑은요"])
def test_a_cap_alone_or_of_something_else_is_left_to_its_name(text: str) -> None:
    assert "유리병 뚜껑" not in ask(text).answer
