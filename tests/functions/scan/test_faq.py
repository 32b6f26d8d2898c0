"""What is asked without a thing is answered, with its sources; a thing that is named comes first."""

from __future__ import annotations

import pytest

from functions.scan.classification import Classification, VisionResult
from functions.scan.defaults import RECYCLABLE
from functions.scan.faq import answered, entries
from functions.scan.inquiry import ask, look
from functions.scan.sources import sources


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("이사 왔는데 살던 동네 쓰레기봉투 써도 돼요?", "bags-after-moving"),
        ("종량제 봉투 다른 구에서 써도 되나요", "bags-after-moving"),
        ("종량제봉투 파는 곳", "bags-sold"),
        ("쓰레기봉투 50리터 가격", "bags-sold"),
        ("추석 연휴에 쓰레기 내놔도 돼요?", "collection-days"),
        ("쓰레기 몇 시에 내놓나요", "collection-days"),
        ("분리배출 안 하면 과태료 나오나요?", "fines"),
        ("벌금 얼마예요", "fines"),
        ("무단투기 신고는 어디에 해요?", "dumping-seen"),
        ("누가 골목에 쓰레기를 몰래 버리고 갔어요", "dumping-seen"),
        ("안녕하세요", "greeting"),
        ("고맙습니다!", "thanks"),
    ],
)
def test_what_is_asked_without_a_thing_is_answered(text: str, id: str) -> None:
    entry = answered(text)
    assert entry and entry.id == id
    reply = ask(text)
    assert (reply.outcome, reply.answer, reply.steps) == (
        "unknown",
        " ".join(entry.answer),
        list(entry.steps),
    )
    assert len(reply.sources) == len(entry.sources)


@pytest.mark.parametrize(
    "text",
    [
        "이사하면서 나온 침대는요",
        "벌금 고지서 종이",
        "추석 선물 상자",
        "과태료 무는 것 없이 냉장고 버리기",
        "안녕 이불",
    ],
)
def test_a_thing_that_is_named_comes_first(text: str) -> None:
    assert ask(text).outcome in ("named", "asked", "hazard")


def test_a_photo_is_answered_by_what_is_on_it() -> None:
    seen = Classification(major_category=RECYCLABLE, middle_category="유리병", minor_category="맥주병")
    assert look(VisionResult(classification=seen, confidence=0.9), "안녕하세요").item == "맥주병"


def test_sources_can_be_looked_up() -> None:
    assert {name for each in entries() for name in each.sources} <= sources().keys()
