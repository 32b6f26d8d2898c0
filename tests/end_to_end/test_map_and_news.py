"""Map and news as the web client asks for them, through the edge of a platform that was just started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.client import User
from tests.end_to_end.platform import Platform, running

LOCATIONS, NEWS = "/api/v1/locations", "/api/v1/info/news"
HERE = "lat=37.5665&lon=126.978"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(processes=1) as started:
        yield started


async def get(user: User, path: str) -> Any:
    answer = await user.ask("GET", path)
    assert answer.status == 200, answer
    return answer.json()


async def test_a_first_look_at_the_map_shows_samples_that_say_so(user: User) -> None:
    places = await get(user, f"{LOCATIONS}/centers?{HERE}&zoom=13")
    assert len(places) >= 4
    assert all(place["name"].startswith("[예시] ") for place in places)
    assert [place["distance_km"] for place in places] == sorted(place["distance_km"] for place in places)
    refill = await get(
        user, f"{LOCATIONS}/centers?{HERE}&zoom=13&radius=20000&store_category=refill_zero,lodging"
    )
    assert [place["store_category"] for place in refill] == ["refill_zero"]
    shown = await get(user, f"{LOCATIONS}/centers/{refill[0]['id']}")
    assert shown["introduction"]
    assert isinstance(shown["pickup_categories"], list)


async def test_a_place_is_found_by_its_name_without_a_position(user: User) -> None:
    suggested = await get(user, f"{LOCATIONS}/suggest?q=%EB%A6%AC%ED%95%84")  # 리필
    assert [place["place_name"] for place in suggested] == ["[예시] 리필 상점"]
    found = await get(user, f"{LOCATIONS}/search?q=%EB%A6%AC%ED%95%84&radius=5000")
    assert found[0]["name"] == "[예시] 리필 상점"
    assert found[0]["distance_text"] == "0m"


async def test_news_are_read_page_by_page_and_by_category(user: User) -> None:
    seen: list[str] = []
    path = f"{NEWS}?limit=2"
    while True:
        page = await get(user, path)
        seen += [article["id"] for article in page["articles"]]
        assert all(article["title"].startswith("[예시] ") for article in page["articles"])
        if not page["has_more"]:
            break
        path = f"{NEWS}?limit=2&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == page["meta"]["total_cached"] >= 5
    energy = await get(user, f"{NEWS}?limit=10&category=energy")
    assert {article["category"] for article in energy["articles"]} == {"energy"}
    names = [category["name"] for category in (await get(user, f"{NEWS}/categories"))["categories"]]
    assert names == ["전체", "환경", "에너지", "AI"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{LOCATIONS}/centers?{HERE}&store_category=shoes", 400, "INVALID_STORE_CATEGORY"),
        (f"{LOCATIONS}/centers?{HERE}&radius=1", 422, "VALIDATION_FAILED"),
        (f"{LOCATIONS}/centers/0", 404, "NOT_FOUND"),
        (f"{NEWS}?cursor=x", 400, "INVALID_CURSOR"),
    ],
)
async def test_what_can_not_be_is_a_problem(user: User, path: str, status: int, code: str) -> None:
    answer = await user.ask("GET", path)
    assert (answer.status, answer.json()["code"]) == (status, code)


async def test_nothing_is_shown_to_nobody(platform: Platform) -> None:
    async with User.anonymous(platform.url) as nobody:
        for path in (f"{LOCATIONS}/centers?{HERE}", f"{LOCATIONS}/search?q=a", NEWS, f"{NEWS}/categories"):
            assert (await nobody.ask("GET", path)).status == 401
