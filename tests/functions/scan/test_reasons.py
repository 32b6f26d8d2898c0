"""Why something is so is answered with the reason: of what is done, of the thing, or of its category."""

from __future__ import annotations

import pytest

from functions.scan.inquiry import ask
from functions.scan.rules import rules


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("페트병 뚜껑 왜 다시 닫아서 버리라고 하는 거예요?", "찌그러뜨린 병이 다시 부풀거나"),
        ("왜 라벨을 떼야 해요?", "다른 재질이 섞이면"),
        ("왜 씻어서 버려야 돼요?", "음식이나 기름이 남아 있으면"),
        ("영수증은 왜 종이류가 안 돼요", "열에 색이 변하는 약품이 발린 종이라"),
        ("고무장갑은 왜 비닐류가 아니에요", "고무는 재활용되지 않아요."),
        ("우유팩은 왜 따로 모으라고 해요? 그냥 종이 아닌가요", "종이팩은 겉과 속에 비닐을 입혀"),
        ("이불은 왜 의류수거함에 못 넣나요", "의류수거함에 모은 것은 다시 입거나"),
        ("분리수거 왜 해요", "나눠 모아야 다시 쓸 수 있고"),
        ("왜 쓰레기를 안 가져가요", "내놓는 요일과 시간이 다르거나"),
    ],
)
def test_the_reason_comes_first_and_once(text: str, reason: str) -> None:
    answer = ask(text).answer
    assert answer.startswith(reason)
    assert answer.count(reason) == 1


@pytest.mark.parametrize(
    "text", ["우유팩 주민센터 가져가면 휴지 주나요", "폐건전지 모아서 가져가면 뭐 주나요"]
)
def test_what_is_given_for_things_is_told_first_to_who_asks(text: str) -> None:
    assert "바꿔 주는 행정복지센터가 많으니" in ask(text).answer.split(".")[0]
    assert "바꿔 주는" not in ask("건전지 어떻게 버려요").answer


def test_who_asks_for_no_reason_is_told_the_way_first() -> None:
    assert ask("영수증 어떻게 버려요").answer.startswith("영수증은 종량제봉투에")


def test_every_category_says_why_its_things_go_there() -> None:
    silent = {key for key, rule in rules().items() if not rule.why}
    assert silent == {"hazardous", "unclassified"}  # the hazards say so themselves
