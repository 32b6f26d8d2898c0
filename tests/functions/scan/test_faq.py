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
        ("음식물 봉투 어디서 사요", "bags-sold"),
        ("음식물 쓰레기봉투 얼마예요", "bags-sold"),
        ("음식물 봉투 찢어졌어요", "bags-torn"),
        ("쓰레기봉투 50리터 가격", "bags-sold"),
        ("추석 연휴에 쓰레기 내놔도 돼요?", "collection-days"),
        ("쓰레기 몇 시에 내놓나요", "collection-days"),
        ("분리배출 안 하면 과태료 나오나요?", "fines"),
        ("벌금 얼마예요", "fines"),
        ("무단투기 신고는 어디에 해요?", "dumping-seen"),
        ("누가 골목에 쓰레기를 몰래 버리고 갔어요", "dumping-seen"),
        ("분리수거 요일이 언제에요?", "collection-days"),
        ("재활용 무슨요일에 버려요?", "collection-days"),
        ("쓰레기 버리는 날 언제에요", "collection-days"),
        ("이사하는데 버릴게 너무 많아요 어떻게 하죠", "moving"),
        ("이사갈때 나오는 쓰레기 어떻게 처리하나요", "moving"),
        ("유품 정리하는데 버릴게 많아요", "moving"),
        ("대형폐기물 신고 어디서 해요", "bulky-report"),
        ("무상수거 전화번호 뭐에요", "free-pickup"),
        ("스티커 붙여놨는데 일주일째 안 가져가요", "bulky-not-taken"),
        ("대형폐기물 신고 취소하면 환불 되나요", "bulky-cancelled"),
        ("빈병 하루에 몇 병까지 받아줘요", "bottles-a-day"),
        ("정수기 렌탈 끝난거 제가 버려야 하나요", "rented"),
        ("종량제봉투 75리터도 있나요", "bags-refund"),
        ("쓰레기 종량제봉투 말고 박스에 담아 버려도 돼요?", "bags-only"),
        ("대형폐기물 밤에 내놔도 되나요", "bulky-when"),
        ("아파트에서 재활용 버리는 날 아니면 못 버리나요", "collection-days"),
        ("왜 쓰레기를 안 가져가요", "not-taken"),
        ("봉투에 이름 써야 하나요", "bags-named"),
        ("헌옷수거함 꽉차서 옆에 봉투로 놓고 가면 무단투기 되나요", "beside-full-box"),
        ("차 밖으로 쓰레기 던지는 사람 신고하면 포상금 있나요", "dumping-reward"),
        ("분리배출 안 했다고 딱지 붙었어요 과태료 얼마고 이의신청 되나요", "fined"),
        ("음식물 종량제랑 일반 종량제 색이 다른데 바꿔 써도 되나요", "bags-swapped"),
        ("이사갈 때 쓰던 봉투 환불돼요?", "bags-refund"),
        ("모아둔 폐지 고물상에 팔면 안되나요", "sold-to-dealer"),
        ("종량제봉투 안쓰고 버리다 걸리면 얼마 나와요", "fines"),
        ("음식물쓰레기 카드 어디서 받아요", "food-card"),
        ("쓰레기봉투 찢어졌어요", "bags-torn"),
        ("종량제봉투 환불 되나요", "bags-refund"),
        ("OTHER 플라스틱은 재활용 되나요", "other-mark"),
        ("재활용 마크가 없는데 어떻게 버려요", "other-mark"),
        ("쓰레기 분리수거 방법 알려주세요", "how-to-sort"),
        ("원룸인데 재활용 어디에 버려요", "how-to-sort"),
        ("재활용 봉투는 아무 비닐이나 써도 되나요", "recycling-bag"),
        ("비오는날 종이 내놔도 되나요", "rain"),
        ("음식물쓰레기 기준이 뭐에요", "food-or-not"),
        ("나무 가구 직접 부숴서 종량제에 넣어도 되나요?", "furniture-broken-up"),
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


@pytest.mark.parametrize("text", ["이사할때 쓴 박스", "이사 전에 냉장고 버리고 싶어요"])
def test_a_thing_is_no_move(text: str) -> None:
    assert ask(text).outcome == "named"


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


@pytest.mark.parametrize(
    "text",
    [
        "빈병 40개 들고가면 한번에 다 받아주나요 영수증은 없어요",
        "복사기 렌탈한거 버려도 되나요",
        "우리 빌라엔 분리수거함이 없어요 캔 페트 병 한 봉투에 섞어 내놔도 되나요",
    ],
)
def test_what_is_asked_of_the_rules_comes_before_a_thing(text: str) -> None:
    entry = answered(text)
    assert entry is not None and entry.first
    assert ask(text).answer.startswith(entry.answer[0])


def test_who_asks_for_a_fine_is_told_of_it_first() -> None:
    answer = ask("건전지 종량제에 넣으면 과태료 내나요").answer
    assert answer.startswith("정해진 곳과 방법으로 내놓지 않으면") or "100만 원 이하의 과태료" in answer
    assert "폐건전지함에 넣어 주세요" in answer


def test_sources_can_be_looked_up() -> None:
    assert {name for each in entries() for name in each.sources} <= sources().keys()
