"""Several things that one question asks about."""

from __future__ import annotations

import pytest

from functions.scan.inquiry import ask
from functions.scan.several import things


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "택배 왔는데 박스 뽁뽁이 아이스팩 각각 어디에요?",
            "박스는 종이류로 나눠 주세요. 뽁뽁이는 비닐류로 모아 나눠 주세요. 아이스팩은 종량제봉투에 버려 주세요.",
        ),
        (
            "우산, 모자, 장갑 버리는 법",
            "우산은 금속류(캔·고철)로 나눠 주세요. 모자와 장갑은 의류수거함에 넣어 주세요.",
        ),
        (
            "프라이팬과 냄비, 주전자는 어디에 버려요?",
            "프라이팬과 냄비와 주전자는 금속류(캔·고철)로 나눠 주세요.",
        ),
        (
            "생일파티하고 남은 풍선 초 고깔모자 어떻게 버려요?",
            "풍선과 초는 종량제봉투에 버려 주세요. 고깔모자는 종이류로 나눠 주세요.",
        ),
        ("칼이나 가위는 어떻게 버려야 안전해요", "칼과 가위는 금속류(캔·고철)로 나눠 주세요."),
        ("속옷이나 양말도 의류수거함 가능해요?", "네, 속옷과 양말은 의류수거함에"),
        ("볼펜이랑 지우개 필통 어디에 버려요", "볼펜과 지우개와 필통은 종량제봉투에"),
        (
            "감자 고구마 양파 껍질은 음식물인가요",
            "아니요, 가는 곳이 서로 달라요. 감자 껍질과 고구마 껍질은 음식물 쓰레기로 버려 주세요. 양파 껍질은",
        ),
        ("배달 음식 남은 거랑 용기 어떻게 버려", "배달 용기는 플라스틱류로 나눠 주세요. 배달 음식은 음식물"),
        ("피자 한조각이랑 박스 어떻게 버려요", "피자는 음식물 쓰레기로 버려 주세요. 박스는 종이류로"),
        (
            "이불 베개 매트리스 버리는 방법",
            "이불과 베개는 종량제봉투에 버려 주세요. 매트리스는 대형폐기물로 신고해 주세요.",
        ),
    ],
)
def test_what_is_asked_in_one_breath_is_answered_thing_by_thing(text: str, told: str) -> None:
    assert ask(text).answer.startswith(told)


def test_of_two_the_unknown_one_is_named() -> None:
    assert "‘쿵짝북채’는 무엇인지 알아보지 못했으니" in ask("유모차랑 쿵짝북채 버리고 싶어요").answer
    assert "남자친구" not in ask("남자친구랑 먹은 피자 박스 어떻게 버려요").answer


def test_what_is_harmless_beside_a_danger_is_told_after_its_safe_path() -> None:
    answer = ask("캠핑 갔다왔는데 숯 부탄가스 은박지 각각 어떻게 버리나요").answer
    assert "노즐을 바닥에 눌러" in answer
    assert answer.index("은박지") > answer.index("노즐")
    assert "농업용 비닐은 흙을 털고" in ask("밭에서 쓰던 폐비닐이랑 농약병은 어디로 내요").answer


def test_a_vague_member_is_part_of_what_all_come_from() -> None:
    answer = ask("컵밥 먹고 남은 용기랑 숟가락 뚜껑 비닐 각각 어떻게 버려요?").answer
    assert answer.startswith("컵밥 용기는 종이류로")
    assert "일회용 수저는 종량제봉투에" in answer  # and not 숟가락 of metal
    assert "비닐은 비닐류로" in answer


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("플라스틱이랑 캔 같이 버려도 되나요", "아니요, 따로 나눠 주세요."),
        ("비닐이랑 종이 같이 묶어서 버려도 되나요", "아니요, 따로 나눠 주세요."),
        ("캔 페트병 유리병 한 봉투에 같이 내놔도 돼요?", "아니요, 따로 나눠 주세요."),
        ("종이컵이랑 종이 같이 버려도 되죠?", "종이컵과 종이는"),  # of paper, but by themselves
        ("우유팩 두유팩 같이 모아도 돼요?", "우유팩과 두유팩은"),  # in one box, but apart
        ("마요네즈통 케찹통 간장병 씻어서 버려야 되나요", "네, "),
        ("신문지랑 책 같이 묶어도 되나요?", "네, 신문지와 책은 종이류로"),
        ("옷 신발 가방 한꺼번에 의류수거함에 넣어도 돼요?", "네, 옷과 신발과 가방은"),
        ("빨대랑 컵홀더 같이 종이로 버려도 되나요?", "아니요, 가는 곳이 서로 달라요."),
    ],
)
def test_whether_they_may_go_together_is_answered_first(text: str, first: str) -> None:
    assert ask(text).answer.startswith(first)


def test_what_is_not_known_of_them_is_said() -> None:
    assert (
        "‘꼬맹이모자’는 무엇인지 알아보지 못했으니 재질을 알려 주세요."
        in ask("풍선이랑 꼬맹이모자랑 초 어떻게 버려요?").answer
    )


@pytest.mark.parametrize(
    "text",
    [
        "사과 어떻게 버려요",
        "노랑 크레파스 어떻게 버려요",
        "생일파티하고 남은 풍선 어떻게 버려요",
        "비닐 코팅된 종이 쇼핑백",
        "종이랑 비슷한 벽지 어떻게 버려요",
        "플라스틱 물통 뚜껑 어떻게 버려요",
        "우유팩 빨대는 같이 버려요?",
        "선크림 캔 스프레이랑 튜브 둘 다 있는데요",
        "",
    ],
)
def test_one_thing_is_no_list(text: str) -> None:
    assert not things(text).known
