"""What a word beside a name makes of it: how it works, how long it lasts, what it is made of, what came off."""

from __future__ import annotations

import pytest

from functions.scan.retrieval import search


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("전동 톱니 가위", "가위"),
        ("충전식 펜치", "소형 가전제품"),
        ("망치 전동", "소형 가전제품"),
        ("건전지로 움직이는 공룡", "전자 장난감"),
        ("건전지 넣는 저금통", "소형 가전제품"),
        ("일회용 조끼", "일회용품"),
        ("일회용 스텐 나이프 말고 일회용 포크", "일회용 수저"),
        ("건전지 넣는 우유팩", "우유팩"),
    ],
)
def test_how_a_thing_works_and_how_long_it_lasts_decide(text: str, item: str) -> None:
    match = search(text)
    assert match and match.item == item


@pytest.mark.parametrize(
    ("text", "middle"),
    [
        ("노트북 배터리 안 빠져요", "전기전자제품"),
        ("두부 용기 비닐이 안 떨어져요", "플라스틱류"),
        ("장난감 자동차 건전지 들어가는 건데 플라스틱인가요", "전기전자제품"),
        ("신발 안에 깔린 얇은 종이", "종이"),
        ("침대 딱지 어디서 사요", "대형폐기물"),
        ("도마 플라스틱", "플라스틱류"),
        ("걸레로 쓰던 수건", "일반종량제폐기물"),
        ("양념 묻은 비닐장갑", "일반종량제폐기물"),
        ("액자에서 뺀 유리", "불연성종량제폐기물"),
        ("아기용 변기", "플라스틱류"),
        ("여행용 파우치", "의류및원단"),
        ("모니터 받침대", "일반종량제폐기물"),
        ("다 쓴 로션", "플라스틱류"),
        ("반쯤 남은 샴푸", "일반종량제폐기물"),
        ("찢어진책", "종이"),
        ("라벨뗀페트병", "무색페트병"),
        ("짜장면 그릇 비닐 씌워진 거", "플라스틱류"),
        ("치킨 시켰는데 콜라가 남았어", "음식물류폐기물"),
        ("스팸 하얀 뚜껑", "플라스틱류"),
        ("무드등 건전지식", "전기전자제품"),
        ("고무장갑 구멍난거", "일반종량제폐기물"),
        ("킥보드 우리애꺼", "대형폐기물"),
        ("굴껍질 두포대", "일반종량제폐기물"),
        ("세탁기 박스", "종이"),
        ("건전지 수거함 우리 동네에 없는데요", "전지"),
        ("마라탕 시킨 통 기름 안지워짐", "일반종량제폐기물"),
        ("공유 자전거", "대형폐기물"),
        ("물 들어있는 아이스팩", "비닐류"),
        ("회색 스티로폼", "일반종량제폐기물"),
    ],
)
def test_what_is_said_around_a_name_decides_which_thing_is_meant(text: str, middle: str) -> None:
    match = search(text)
    assert match and match.rule.category.middle == middle


@pytest.mark.parametrize("text", ["계란판은 종이예요 플라스틱이에요", "이 통 유리인가요 플라스틱인가요"])
def test_a_material_that_is_asked_for_is_not_told(text: str) -> None:
    match = search(text)
    assert (
        match is None
        or match.finding == "asked"
        or match.item not in ("플라스틱 제품", "유리 제품", "종이 제품")
    )


@pytest.mark.parametrize("text", ["쇠로 된 이상한 물건", "알루미늄 뭐시기", "스텐 뭐시기 하나"])
def test_an_unknown_thing_of_a_known_material_is_asked_about(text: str) -> None:
    match = search(text)
    assert match and (match.finding, match.rule.key) == ("asked", "metal")


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("골덴바지", "바지"),
        ("그림책상", "책상"),
        ("가방 끈 떨어진 거", "가방"),
        ("노트 스프링 뺀 거", "노트"),
        ("묵은 달력", "달력"),
        ("케이크에 꽂았던 초", "초"),
        ("달걀 까고 남은 껍질", "달걀 껍데기"),
    ],
)
def test_the_thing_itself_is_named(text: str, item: str) -> None:
    match = search(text)
    assert match and match.finding == "named"
    assert item in (match.item, match.said)


def test_a_name_that_goes_on_with_an_unknown_noun_is_asked_about() -> None:
    match = search("키보드빠뜨림이")
    assert match and match.finding == "asked"


def test_a_dangerous_thing_that_is_not_meant_is_no_name() -> None:
    match = search("한약 파우치")
    assert match and match.rule.key == "vinyl"
