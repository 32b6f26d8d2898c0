"""Searching and suggesting: Kakao's hits merged with ours, and ours alone where Kakao is not to be had."""

from __future__ import annotations

import logging
import unicodedata
from typing import Any

import pytest
from redis import Redis

from functions.locations.kakao import KakaoLocal
from functions.locations.search.func import search
from functions.locations.sites import Sites
from functions.locations.suggest.func import suggest
from tests.functions.asgi_client import Functions
from tests.functions.locations.conftest import USER, stored
from tests.functions.locations.kakao_wire import KEY, KakaoWire, Mode, document
from tests.functions.locations.places import site

FAILURES: list[Mode] = ["500", "slow", "garbage", "endless", "quota", "array"]


async def find(functions: Functions, q: str, **more: Any) -> Any:
    answer = await functions.call(
        search, "GET", "/api/v1/locations/search", user=USER, params={"q": q, **more}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def typed(functions: Functions, q: str) -> Any:
    answer = await functions.call(suggest, "GET", "/api/v1/locations/suggest", user=USER, params={"q": q})
    assert answer.status_code == 200, answer.text
    return answer.json()


def summary(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["source"], entry["name"]) for entry in entries]


async def test_hits_are_merged_with_ours_around_the_first_one_by_distance(
    functions: Functions, sites: Sites, kakao: KakaoWire
) -> None:
    kakao.documents = [
        document(101, "숲 카페", 37.50, 127.00),
        document(102, "물 카페", 37.51, 127.00),
        document(103, "먼 카페", 38.00, 127.00),
    ]
    await stored(sites, site("a", 37.505, 127.0), site("b", 37.9, 127.0))
    entries = await find(functions, "카페")
    assert summary(entries) == [("kakao", "숲 카페"), ("zerowaste", "가게 a"), ("kakao", "물 카페")]
    assert kakao.asked == [{"query": "카페", "size": "15"}]
    first = entries[0]
    assert (first["id"], first["kakao_place_id"], first["distance_text"]) == (101, "101", "0m")
    assert first["place_url"] == "https://place.map.kakao.com/101"
    assert (first["road_address"], first["phone"]) == ("서울 중구 예시로 1", "02-000-0000")
    assert (first["is_open"], first["is_holiday"], first["pickup_categories"]) == (None, False, [])


async def test_the_callers_position_is_the_anchor_and_bounds_what_kakao_is_asked(
    functions: Functions, sites: Sites, kakao: KakaoWire
) -> None:
    kakao.documents = [document(1, "가", 37.52, 127.0), document(2, "나", 37.501, 127.0)]
    await stored(sites, site("a", 37.51, 127.0))
    entries = await find(functions, "카페", lat=37.5, lon=127.0, radius=20_000)
    assert summary(entries) == [("kakao", "나"), ("zerowaste", "가게 a"), ("kakao", "가")]
    assert kakao.asked[0] == {
        "query": "카페",
        "size": "15",
        "sort": "distance",
        "x": "127.0000",
        "y": "37.5000",
        "radius": "20000",
    }


async def test_what_kakao_has_within_50_metres_of_ours_is_ours(
    functions: Functions, sites: Sites, kakao: KakaoWire
) -> None:
    kakao.documents = [document(1, "같은 곳", 37.5004, 127.0), document(2, "옆 가게", 37.5006, 127.0)]
    await stored(sites, site("a", 37.5, 127.0), site("b", 37.49985, 127.0, phone="02-111-2222"))
    entries = await find(functions, "가게", lat=37.5, lon=127.0)
    assert summary(entries) == [("zerowaste", "가게 a"), ("zerowaste", "가게 b"), ("kakao", "옆 가게")]
    assert entries[0]["kakao_place_id"] == "1"
    assert entries[0]["place_url"] == "https://place.map.kakao.com/1"
    assert entries[0]["phone"] == "02-000-0000"
    assert (entries[1]["kakao_place_id"], entries[1]["phone"]) == (None, "02-111-2222")


@pytest.mark.parametrize("mode", FAILURES)
async def test_without_kakao_our_own_places_answer(
    functions: Functions, sites: Sites, kakao: KakaoWire, mode: Mode
) -> None:
    kakao.mode = mode
    await stored(sites, site("a", name="행복 나눔터"), site("b", 37.57), site("c", 35.18, 129.07))
    assert summary(await find(functions, "행복")) == [("zerowaste", "행복 나눔터"), ("zerowaste", "가게 b")]
    assert summary(await find(functions, "없는 곳")) == []
    assert [each["place_name"] for each in await typed(functions, "나눔")] == ["행복 나눔터"]


async def test_without_a_key_kakao_is_not_asked(postgres_url: str, valkey_url: str, kakao: KakaoWire) -> None:
    functions = Functions({"ECO2_DATABASE_URL": postgres_url, "ECO2_REDIS_CACHE_URL": valkey_url})
    await stored(await functions.resources.get(Sites), site("a", name="행복 나눔터"))
    assert summary(await find(functions, "행복")) == [("zerowaste", "행복 나눔터")]
    assert kakao.asked == []
    await functions.close()


async def test_a_question_is_asked_once_and_then_remembered(
    functions: Functions, kakao: KakaoWire, valkey_url: str
) -> None:
    kakao.documents = [document(1, "숲 카페", 37.5, 127.0)]
    for _ in range(3):
        assert summary(await find(functions, " 카페  ")) == [("kakao", "숲 카페")]
    assert len(kakao.asked) == 1
    with Redis.from_url(valkey_url) as cache:
        (key,) = cache.keys("locations:*")
        assert "카페" not in key.decode()
        assert 0 < cache.ttl(key) <= 600


@pytest.mark.parametrize("query", ["행\u200b복", "\ufeff행복", unicodedata.normalize("NFD", "행복")])
async def test_however_it_was_typed_or_pasted_it_is_one_question(
    functions: Functions, sites: Sites, kakao: KakaoWire, query: str
) -> None:
    await stored(sites, site("a", name="행복 나눔터"))
    assert [each["place_name"] for each in await typed(functions, query)] == ["행복 나눔터"]
    assert kakao.asked[0]["query"] == "행복"


async def test_a_failure_is_not_remembered(functions: Functions, kakao: KakaoWire) -> None:
    kakao.documents, kakao.mode = [document(1, "숲 카페", 37.5, 127.0)], "500"
    assert await find(functions, "카페") == []
    kakao.mode = "well"
    assert summary(await find(functions, "카페")) == [("kakao", "숲 카페")]


async def test_kakao_is_left_alone_while_it_fails_but_not_for_our_own_mistakes(
    functions: Functions, kakao: KakaoWire
) -> None:
    breaker = (await functions.resources.get(KakaoLocal)).breaker
    kakao.mode = "quota"
    for number in range(7):
        await find(functions, f"카페 {number}")
    assert (breaker.state, len(kakao.asked)) == ("open", 5)


async def test_a_cache_that_is_down_costs_nothing_but_time(
    postgres_url: str, kakao: KakaoWire, functions: Functions
) -> None:
    kakao.documents = [document(1, "숲 카페", 37.5, 127.0)]
    settings = dict(functions.resources._environ)
    alone = Functions({**settings, "ECO2_REDIS_CACHE_URL": "redis://127.0.0.1:1"})
    assert summary(await find(alone, "카페")) == [("kakao", "숲 카페")]
    await alone.close()


async def test_places_that_make_no_sense_are_left_out(functions: Functions, kakao: KakaoWire) -> None:
    kakao.documents = [
        3,
        {"id": "4"},
        document(5, "  ", 37.5, 127.0),
        document(6, "북극 밖", 137.5, 127.0),
        {**document(7, "번호 없음", 37.5, 127.0), "id": "../x"},
        {**document(8, "숲 카페", 37.5, 127.0), "place_url": "javascript:alert(1)", "phone": ""},
    ]
    (entry,) = await find(functions, "카페")
    assert (entry["name"], entry["place_url"], entry["phone"]) == ("숲 카페", None, None)


async def test_the_key_is_in_no_log(
    functions: Functions, kakao: KakaoWire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for mode in FAILURES:
        kakao.mode = mode
        await find(functions, f"비밀 질문 {mode}")
    assert "kakao local" in caplog.text
    assert KEY not in caplog.text
    assert "비밀" not in caplog.text


async def test_suggestions_are_kakaos_at_most_five(functions: Functions, kakao: KakaoWire) -> None:
    kakao.documents = [document(number, f"카페 {number}", 37.5, 127.0) for number in range(9)]
    suggested = await typed(functions, "카페")
    assert suggested[0] == {
        "place_name": "카페 0",
        "address": "서울 중구 예시로 1",
        "latitude": 37.5,
        "longitude": 127.0,
        "place_url": "https://place.map.kakao.com/0",
    }
    assert len(suggested) == 5


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "PARAMETER_MISSING"),
        ({"q": ""}, "VALIDATION_FAILED"),
        ({"q": "가" * 101}, "VALIDATION_FAILED"),
        ({"q": " \u200b "}, "QUERY_EMPTY"),
        ({"q": "행복\u0000"}, "VALIDATION_FAILED"),
        ({"q": "가", "radius": 99}, "VALIDATION_FAILED"),
        ({"q": "가", "radius": 20_001}, "VALIDATION_FAILED"),
        ({"q": "가", "lat": 37.5}, "POSITION_INCOMPLETE"),
        ({"q": "가", "lat": 97.5, "lon": 127}, "VALIDATION_FAILED"),
    ],
)
async def test_what_can_not_be_searched_is_422(
    functions: Functions, query: dict[str, Any], code: str
) -> None:
    answer = await functions.call(search, "GET", "/api/v1/locations/search", user=USER, params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_searching_needs_a_login(functions: Functions) -> None:
    for function, path in ((search, "search"), (suggest, "suggest")):
        answer = await functions.call(function, "GET", f"/api/v1/locations/{path}", params={"q": "가"})
        assert answer.status_code == 401
