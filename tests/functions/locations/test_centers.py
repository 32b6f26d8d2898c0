"""Places around a position, and one place, as the map asks for them."""

from __future__ import annotations

from typing import Any

import pytest

from functions.locations.center.func import center
from functions.locations.centers.func import centers
from functions.locations.hours import DayHours, OpeningHours
from functions.locations.sites import Sites
from tests.functions.asgi_client import Functions
from tests.functions.locations.conftest import USER, stored
from tests.functions.locations.places import site

PATH = "/api/v1/locations/centers"
HERE = {"lat": 37.5665, "lon": 126.9780}
ENTRY = {
    *("id", "name", "source", "road_address", "latitude", "longitude", "distance_km", "distance_text"),
    *("store_category", "pickup_categories", "is_holiday", "is_open", "start_time", "end_time", "phone"),
    *("place_url", "kakao_place_id"),
}


async def ask(functions: Functions, user: str | None = USER, **query: Any) -> Any:
    return await functions.call(centers, "GET", PATH, user=user, params={**HERE, **query})


async def test_entries_have_what_the_map_shows(functions: Functions, sites: Sites) -> None:
    await stored(
        sites,
        site("1", 37.5741, hours=OpeningHours((DayHours(((0, 1440),)),) * 8), pickup_categories=("can",)),
        site("2", lot_address="예시동 1"),
    )
    near, far = (await ask(functions)).json()
    assert set(near) == set(far) == ENTRY
    assert (near["name"], near["distance_text"], near["distance_km"]) == ("가게 2", "0m", 0)
    assert (near["is_open"], near["is_holiday"], near["start_time"]) == (None, False, None)
    assert near["road_address"] == "예시동 1"
    assert (far["name"], far["distance_text"], far["distance_km"]) == ("가게 1", "845m", 0.845)
    assert (far["is_open"], far["start_time"], far["end_time"]) == (True, "00:00", "24:00")
    assert (far["source"], far["store_category"], far["pickup_categories"]) == (
        "zerowaste",
        "refill_zero",
        ["can"],
    )
    assert isinstance(far["id"], int)


async def test_how_far_is_said_by_radius_else_by_zoom_else_five_kilometres(
    functions: Functions, sites: Sites
) -> None:
    await stored(sites, *[site(str(km), 37.5665 + km / 111.195) for km in (0.2, 0.9, 4.5, 40)])
    queries: tuple[tuple[dict[str, Any], int], ...] = (
        ({}, 3),
        ({"radius": 300}, 1),
        ({"zoom": 1}, 1),
        ({"zoom": 3}, 2),
        ({"zoom": 13}, 4),
        ({"zoom": 14, "radius": 1_000}, 2),
    )
    for query, names in queries:
        assert len((await ask(functions, **query)).json()) == names, query


async def test_categories_filter(functions: Functions, sites: Sites) -> None:
    await stored(
        sites,
        site("a", pickup_categories=("can",)),
        site("b", store_category="lodging", pickup_categories=("glass",)),
        site("c", store_category="general"),
    )
    for query, names in (
        ({"store_category": "refill_zero,lodging"}, {"가게 a", "가게 b"}),
        ({"pickup_category": "glass,can"}, {"가게 a", "가게 b"}),
        ({"store_category": "lodging", "pickup_category": "can"}, set()),
        ({"store_category": "all", "pickup_category": "all"}, {"가게 a", "가게 b", "가게 c"}),
    ):
        assert {entry["name"] for entry in (await ask(functions, **query)).json()} == names


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"store_category": "shoes"}, 400, "INVALID_STORE_CATEGORY"),
        ({"pickup_category": "can,shoes"}, 400, "INVALID_PICKUP_CATEGORY"),
        ({"radius": 99}, 422, "VALIDATION_FAILED"),
        ({"radius": 50_001}, 422, "VALIDATION_FAILED"),
        ({"zoom": 0}, 422, "VALIDATION_FAILED"),
        ({"zoom": 21}, 422, "VALIDATION_FAILED"),
        ({"lat": 91}, 422, "VALIDATION_FAILED"),
        ({"lat": "nan"}, 422, "VALIDATION_FAILED"),
        ({"lon": "inf"}, 422, "VALIDATION_FAILED"),
        ({"lon": "east"}, 422, "VALIDATION_FAILED"),
    ],
)
async def test_what_can_not_be_is_refused(
    functions: Functions, query: dict[str, Any], status: int, code: str
) -> None:
    answer = await ask(functions, **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_position_is_needed_and_so_is_a_login(functions: Functions) -> None:
    assert (await functions.call(centers, "GET", PATH, user=USER)).json()["code"] == "PARAMETER_MISSING"
    assert (await ask(functions, None)).status_code == 401


@pytest.mark.parametrize(("lat", "lon"), [(90, 180), (-90, -180), (0, 0)])
async def test_at_the_end_of_the_world_there_is_nothing(
    functions: Functions, sites: Sites, lat: float, lon: float
) -> None:
    await stored(sites, site("1"))
    answer = await ask(functions, lat=lat, lon=lon, radius=50_000)
    assert (answer.status_code, answer.json()) == (200, [])


async def test_one_place_is_shown_with_all_that_is_known(functions: Functions, sites: Sites) -> None:
    await stored(
        sites,
        site("1", lot_address="예시동 1", collection_items="캔", introduction="소개", phone="02-123-4567"),
    )
    ((found, _),) = await sites.nearest(site("1").position, 100)
    answer = await functions.call(center, "GET", f"{PATH}/{found.id}", user=USER)
    shown = answer.json()
    assert (shown["lot_address"], shown["collection_items"], shown["introduction"]) == (
        "예시동 1",
        "캔",
        "소개",
    )
    assert shown["pickup_categories"] == []
    assert shown["phone"] == "02-123-4567"


@pytest.mark.parametrize("number", ["0", "-1", "999999", "9223372036854775808", "x", "1.5"])
async def test_an_unknown_place_is_404(functions: Functions, number: str) -> None:
    assert (await functions.call(center, "GET", f"{PATH}/{number}", user=USER)).status_code == 404
