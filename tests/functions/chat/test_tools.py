"""Tables and clients of what is looked up: names of towns, fees, prices, boxes, municipalities, and their faults."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from functions.chat.tools import fees, places
from functions.chat.tools.mois import Mois
from functions.chat.tools.odcloud import Odcloud
from functions.chat.tools.prices import PriceSurvey
from functions.chat.tools.settings import ToolSettings
from functions.chat.tools.whereabouts import around, named, towns, without_place
from functions.locations.geometry import Position
from functions.locations.kakao import KakaoLocal
from functions.locations.settings import LocationSettings
from functions.runtime.outside import OutsideFailure
from process.settings import read
from tests.functions.chat.public_data import PublicDataServer
from tests.functions.providers.conftest import running

EUNPYEONG = Position(37.6027, 126.9291)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("강남구 사는데 소파 버리려고요", "서울특별시 강남구"),
        ("서울 중구에서 소파", "서울특별시 중구"),
        ("중구에서 소파", None),
        ("수원 사는데 매트리스", "경기도 수원시"),
        ("수원시에서요", "경기도 수원시"),
        ("대구 서구 수수료", "대구광역시 서구"),
        ("대구광역시 서구", "대구광역시 서구"),
        ("제주도 날씨", "제주특별자치도"),
        ("부산 날씨", "부산광역시"),
        ("부산 해운대구 날씨", "부산광역시 해운대구"),
        ("전라북도 전주시", "전북특별자치도 전주시"),
        ("서울우유 팩", None),
        ("구로 만든 것", None),
        ("양주병 버리는 법", None),
        ("양주 병은요?", None),
        ("고양이 모래", None),
        ("대구 뼈 버리기", None),
        ("대구 날씨", "대구광역시"),
        ("진주 목걸이", None),
        ("진주 살아요", "경상남도 진주시"),
        ("강남 쪽에 가게", "서울특별시 강남구"),
        ("화성시", "경기도 화성시"),
        ("우유팩 버리는 법", None),
    ],
)
def test_a_town_is_known_by_its_name(text: str, region: str | None) -> None:
    town = named(text)
    assert (town and town.region) == region


def test_where_somebody_lives_can_be_left_out() -> None:
    assert without_place("강남구 사는데 투명 페트병은?") == "투명 페트병은?"
    assert without_place("저는 수원에 살아요. 소파는?") == "저는 소파는?"
    assert without_place("부산 해운대구에서 소파") == "소파"
    assert without_place("소파는?") == "소파는?"
    assert without_place("강남구") == "강남구"


def test_a_position_counts_close_to_one_town_hall_only() -> None:
    assert around(EUNPYEONG) == "서울특별시 은평구"
    assert around(Position(37.5905, 126.9330)) is None  # between two halls
    assert around(Position(36.0, 127.9)) is None
    assert len({town.region for town in towns()}) == len(towns())


def test_a_fee_is_that_of_the_thing_named_first() -> None:
    table = fees.tables()["대구광역시 서구"]
    assert [fee.won for fee in table.of("거울이랑 서랍장 버려요")] == [3000, 2000, 1000]
    assert [fee.thing for fee in table.of("여행가방 버리는 값")] == ["캐리어"]
    assert table.of("우주선") == []


def test_a_name_that_is_a_part_of_another_things_name_has_not_its_fee() -> None:
    things = {each.thing for each in fees.tables()["부산광역시 동구"].of("안마의자 버리는 값")}
    assert things == set()  # that table has chairs, and none that massages
    for words, thing in (
        ("tv", "텔레비전"),
        ("TV받침대", "거실장"),
        ("침대 매트리스", "매트리스"),
        ("쇼파", "소파"),
    ):
        (found,) = {fee.thing for fee in fees.tables()["대전광역시 서구"].of(f"우리 집 {words} 얼마예요?")}
        assert found == thing


def test_every_table_says_whose_it_is_of_when_and_where_it_is_from() -> None:
    tables = fees.tables()
    assert len(tables) >= 12
    known = {town.region for town in towns()}
    for region, table in tables.items():
        assert region in known, "nobody can say that he lives there"
        assert table.url.startswith("https://")
        assert table.title
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", table.month)
        sizes = [(fee.thing, fee.size) for fee in table.fees]
        assert len(sizes) == len(set(sizes)), region
        assert all(thing and size for thing, size in sizes)
        assert all(0 <= fee.won <= 100_000 and fee.won % 100 == 0 for fee in table.fees)


def test_a_district_without_fees_of_its_own_has_its_citys() -> None:
    assert fees.table_of("경기도 성남시 분당구") is fees.table_of("경기도 성남시") is not None
    assert fees.table_of("서울특별시 노원구") is None
    assert fees.table_of("없는 곳") is None


def test_a_price_is_the_newest_of_the_province_or_that_there_is(tmp_path: Path) -> None:
    rows = [
        ("수도권", "2026-09", 10),
        ("수도권", "2026-10", 11),
        ("전국 평균", "2026-10", 12),
        ("경북", "2026-10", 13),
    ]
    prices = [
        {"item": "고철", "material": "metal", "words": ["고철"], "region": r, "month": m, "won_per_kg": w}
        for r, m, w in rows
    ]
    file = tmp_path / "prices.json"
    file.write_text(json.dumps({"survey": "조사", "url": "https://x.example", "prices": prices}))
    survey = PriceSurvey.load(str(file))
    assert [price.won_per_kg for price in survey.of("고철 값", "경기도")] == [11]
    assert [price.region for price in survey.of("고철 값", "제주특별자치도")] == ["전국 평균"]
    assert [price.won_per_kg for price in PriceSurvey("", "", survey.prices[:2]).of("고철", None)] == [11]
    assert survey.of("구리", None) == []
    file.write_text("{}")
    with pytest.raises(ValueError, match=r"prices\.json"):
        PriceSurvey.load(str(file))


def test_a_question_asks_for_a_kind_of_place() -> None:
    assert places.kind_of("리필 매장") == (("refill_zero",), "제로웨이스트 가게")
    assert places.kind_of("아무 데나") == ((), "재활용센터")
    lamp = places.box_of("형광등은? 건전지 수거함 어디야")
    assert lamp is not None
    assert lamp.name == "fluorescent_lamp"
    assert places.box_of("소파") is None


@pytest.fixture
def server() -> PublicDataServer:
    return PublicDataServer()


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    made = Redis.from_url(valkey_url)
    await made.flushdb()
    yield made
    await made.aclose()


@pytest.fixture
async def settings(server: PublicDataServer) -> AsyncIterator[ToolSettings]:
    async with running(server.app) as url:
        yield read(
            ToolSettings,
            {
                "ECO2_MOIS_KEY": "k",
                "ECO2_MOIS_URL": url,
                "ECO2_ODCLOUD_KEY": "k",
                "ECO2_ODCLOUD_URL": url,
                "ECO2_ODCLOUD_POINTS": "clothes=1/v1/uddi:1",
                "ECO2_PUBLIC_DATA_TIMEOUT_S": "0.5",
            },
        )


async def test_a_municipality_is_told_from_its_namesakes(
    settings: ToolSettings, redis: Redis, server: PublicDataServer
) -> None:
    mois = Mois(settings, redis)
    notice = await mois.notice("서울특별시 은평구")
    assert notice is not None
    assert (notice.department, notice.phone) == ("자원순환과", "02-000-0000")
    assert await mois.notice("다른광역시 은평구") is None
    server.fault = "empty"
    await redis.flushdb()
    assert await mois.notice("서울특별시 은평구") is None
    await mois.close()


@pytest.mark.parametrize("fault", ["error", "key", "garbage", "code", "hang"])
async def test_a_fault_of_public_data_is_a_failure(
    settings: ToolSettings, redis: Redis, server: PublicDataServer, fault: str
) -> None:
    server.fault = fault
    mois, odcloud = Mois(settings, redis), Odcloud(settings, redis)
    with pytest.raises(OutsideFailure):
        await mois.notice("서울특별시 은평구")
    with pytest.raises(OutsideFailure):
        await odcloud.nearest("clothes", EUNPYEONG, 5_000, 3)
    await mois.close()
    await odcloud.close()


async def test_boxes_are_read_page_by_page_and_remembered(
    settings: ToolSettings, redis: Redis, server: PublicDataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.chat.tools.odcloud.ROWS", 4)
    odcloud = Odcloud(settings, redis)
    found = await odcloud.nearest("clothes", EUNPYEONG, 500, 9)
    assert [round(metres) for _, metres in found] == [111, 222, 334, 445]
    assert server.asked["odcloud"] == 3
    await odcloud.nearest("clothes", EUNPYEONG, 500, 9)
    assert server.asked["odcloud"] == 3
    assert odcloud.has("clothes")
    assert not odcloud.has("phone")
    await odcloud.close()


async def test_kakao_tells_the_region_of_a_position(server: PublicDataServer, redis: Redis) -> None:
    async with running(server.app) as url:
        kakao = KakaoLocal(
            read(LocationSettings, {"ECO2_KAKAO_LOCAL_KEY": "k", "ECO2_KAKAO_LOCAL_URL": url}), redis
        )
        server.region = ("경기도", "수원시 영통구")
        assert [await kakao.region(EUNPYEONG) for _ in range(2)] == ["경기도 수원시"] * 2
        assert server.asked["region"] == 1
        server.fault = "garbage"
        assert await kakao.region(Position(35, 128)) is None
        server.fault = "error"
        assert await kakao.region(Position(35.1, 128)) is None
        await kakao.close()
    without = KakaoLocal(read(LocationSettings, {}), redis)
    assert await without.region(EUNPYEONG) is None
