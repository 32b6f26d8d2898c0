"""The first words answer a yes-no question where what is known decides it, and only there."""

from __future__ import annotations

import pytest

from functions.scan.hazards import hazards
from functions.scan.inquiry import ask


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("칫솔 플라스틱에 버려도 되나요?", "아니요, 칫솔은 종량제봉투에 버려 주세요."),
        ("운동화 헌옷함에 넣어도 돼요?", "네, 운동화는 두 짝을 묶어 의류수거함에 넣어 주세요."),
        ("물티슈 종이에 버리면 안 되죠?", "안 돼요, 물티슈는 종량제봉투에 버려 주세요."),
        ("복숭아씨는 음식물쓰레기 아니죠?", "네, 음식물이 아니니 복숭아씨는"),
        ("귤 껍질 음식물 아니죠?", "아니요, 음식물이 맞으니 귤 껍질은"),
        ("양파껍질 음식물이에요 일반이에요?", "음식물이 아니라 일반 쓰레기니 양파 껍질은"),
        ("고무장갑 플라스틱이에요 비닐이에요?", "둘 다 아니니 고무장갑은"),
        ("비닐랩 비닐류 맞죠?", "아니요, 비닐 랩은 종량제봉투에"),
        ("선풍기 스티커 붙여야 되나요", "아니요, 선풍기는 전기·전자제품으로"),
        ("책상 그냥 내놔도 돼요?", "아니요, 책상은 대형폐기물로 신고해 주세요."),
        ("먹다 남은 비타민도 약국에 가져가야 해요?", "아니요, 비타민은 약이 아니라서"),
        ("우유팩 안 헹구고 그냥 말려서 내놔도 되나요", "헹구고 펼쳐 말려"),
        ("우리집 어항 물고기 죽었어요 변기에 버려도돼요?", "안 돼요."),
        ("이거 플라스틱 맞아요? 요구르트병", "네, 요구르트병은 플라스틱류로"),
        ("유통기한 지난 라면 봉지째 버려도 되나요", "아니요, 포장은 벗기고 알맹이만"),
        ("종이가방 손잡이 끈 떼야 돼요?", "네, 끈과 고리"),
        ("자전거 버리려면 스티커 필요해요?", "네, 자전거는 대형폐기물로 신고해 주세요."),
        ("60cm 짜리 어항인데 대형폐기물인가요", "네, 어항은 대형폐기물로 신고해 주세요."),
        ("칫솔은플라스틱이에요?", "아니요, 칫솔은 종량제봉투에"),
        ("와인병도 보증금 돌려받을 수 있나요?", "아니요, 보증금은 병에"),
        ("보조배터리를 종량제봉투에 넣어서 버렸는데 괜찮을까요", "아니요, 아직 가져가기 전이면 꺼내서"),
        ("침대 프레임이랑 매트리스 따로 신고해야 하나요?", "네, 물건마다 따로 신고하고"),
        ("물약 시럽도 우체통에 넣어도 되나요", "안 돼요. 물약은 아무 데나 버리면"),
        ("안 먹는 알약 우체통에 넣어도 돼요?", "알약은 아무 데나 버리면"),
        ("음식물쓰레기 비닐봉투에 담아 버려도 돼요", "아니요, 음식물 쓰레기는 전용 봉투나"),
        ("과일 상자 스티로폼인데 스티커 안 떼고 버려도 되나요", "아니요, 테이프와 운송장, 상표를 떼어 내요."),
        ("스프링노트 스프링 안 빼고 종이에 버려도 되나요?", "아니요, 스프링과 비닐 표지를 떼어 내고"),
    ],
)
def test_whether_it_goes_there_is_answered_first(text: str, first: str) -> None:
    assert ask(text).answer.startswith(first)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("라면봉지 씻어야 하나요", "네, 가루를 털거나 헹궈 말린 뒤 모아요."),
        ("통조림 캔 안 헹구고 버려도 돼요?", "아니요, 기름은 휴지에 흡수시키고 국물을 비운 뒤 헹궈요."),
        ("과자봉지 접어서 버려도 되나요?", "아니요, 부스러기를 털고 딱지처럼 접지 말고 펴서 담아요."),
        ("페트병 뚜껑을 닫아야 하나요", "네, 찌그러뜨린 뒤 뚜껑을 닫아요."),
        ("잼병 뚜껑 닫아서 버려도 되나요?", "아니요, 기름기와 양념을 세제로 씻고 금속 뚜껑을 떼어 내요."),
        ("우유팩 안 씻으면 안 되나요", "헹구고 펼쳐 말려 멸균팩과 나눠 모아요."),
    ],
)
def test_what_is_done_to_it_is_answered_by_the_sentence_that_says_so_once(text: str, first: str) -> None:
    answer = ask(text).answer
    assert answer.startswith(first)
    assert answer.count(first.removeprefix("네, ").removeprefix("아니요, ")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "맥주캔 구멍 뚫어야 하나요",  # nothing is known of it
        "우산 천이랑 살 분리해야 하나요?",  # an act that is only spoken of
        "볼펜 버릴 때 분해해야 하나요",
        "곰인형 의류수거함 돼요?",  # some places take it
        "이불 대형폐기물로 신고해야 되나요?",  # only a large one
        "김치 담았던 비닐 냄새나는데 비닐류 맞나요?",  # a condition that is not known of
        "스프레이 캔 그냥 캔으로 버려도 돼?",  # not as it is
        "텀블러 캔이에요 플라스틱이에요?",
        "계란판은 종이예요 플라스틱이에요",  # it may be made of either
    ],
)
def test_what_is_not_decided_is_told_as_always(text: str) -> None:
    answer = ask(text).answer
    assert not answer.startswith(("네", "아니요", "돼요", "안 돼요", "둘 다"))


@pytest.mark.parametrize(
    "text",
    [
        "남은 감기약 변기에 버려도 되나요?",
        "식용유 싱크대에 부어도 돼?",
        "보조배터리가 배가 불렀는데 건전지함에 넣어도 돼요?",
        "산소통 집에 있는데 고철인가요",
        "소화기 구멍 뚫어야 하나요",
    ],
)
def test_what_a_hazard_forbids_is_refused_first_and_the_whole_path_follows(text: str) -> None:
    told = ask(text)
    assert told.outcome == "hazard" and told.answer.startswith("안 돼요.")
    assert any(danger.path in told.answer and danger.never in told.answer for danger in hazards().values())


@pytest.mark.parametrize(
    "text",
    [
        "부탄가스 재활용 되나요",
        "페인트 종량제에 버려도 되나요",
        "깨진 유리 종량제에 넣어도 되나요",
        "깨진 접시 신문지에 싸야 하나요",
        "라이터 가스 남았는데 그냥 버려도 돼요",
    ],
)
def test_nothing_is_permitted_of_a_hazard_and_what_depends_is_not_refused(text: str) -> None:
    told = ask(text)
    assert told.outcome == "hazard"
    assert not told.answer.startswith(("네", "아니요", "돼요", "안 돼요"))


def test_what_keeps_from_harm_is_told_beside_the_verdict() -> None:
    assert "손을 조심해요" in ask("참치캔 헹궈야 해요?").answer
    assert "다치지 않게" in ask("톱 재활용 되나요").answer


def test_what_is_asked_last_is_answered_where_more_was_said_before() -> None:
    assert ask("라면 봉지는 어떻게 버려? 그거 씻어야 해?").answer.startswith("네, 가루를 털거나")
    assert ask("머리카락은 음식물쓰레기예요? 엄마가 아니래요").answer.startswith("아니요, 머리카락은")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("샴푸통 펌프까지 플라스틱으로 버려도 돼요?", "아니요, 스프링이 든 펌프는 떼어 종량제봉투에 버려요."),
        ("샴푸통 펌프째 버려도 되나요", "아니요, 스프링이 든 펌프는"),
        ("스티로폼에 테잎 붙어있는데 그냥 내놔도 되요?", "아니요, 테이프와 운송장, 상표를 떼어 내요."),
        ("택배박스 송장 안떼고 버려도 돼요?", "아니요, 테이프, 운송장, 철핀을 모두 떼고"),
        ("페트병 라벨 붙은채로 재활용 가능한가요", "아니요, 비닐 라벨을 떼어"),
        ("헌옷수거함에 이불 넣어도 돼요?", "아니요, 이불은 종량제봉투에"),
        ("헌옷수거함에 신발 넣어도 돼요", "네, 신발은"),
        ("재활용에 칫솔 넣어도 돼요", "아니요, 칫솔은 종량제봉투에"),
    ],
)
def test_a_part_left_on_and_a_place_said_first_are_answered_first(text: str, first: str) -> None:
    assert ask(text).answer.startswith(first)


@pytest.mark.parametrize(
    "text", ["병 뚜껑이 안 떼어지면 버려도 되나요", "샴푸통 펌프 달린 채로 종량제봉투에 버려도 되나요"]
)
def test_what_can_not_be_taken_off_is_not_refused(text: str) -> None:
    assert not ask(text).answer.startswith("아니요")
