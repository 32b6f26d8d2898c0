"""The nearest places are those that a search of all of them finds, whatever the filters; storing is idempotent."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bench.locations import generated
from functions.locations.categories import PICKUPS, STORES
from functions.locations.geometry import Position
from functions.locations.layouts import NewSite
from functions.locations.samples import ADDRESS, SAMPLES
from functions.locations.sites import Sites
from tests.functions.asgi_client import Functions
from tests.functions.locations.conftest import stored
from tests.functions.locations.places import SEOUL, site


def by_hand(
    places: list[NewSite], origin: Position, radius_m: float, stores: set[str], pickups: set[str]
) -> list[str]:
    near = sorted(
        (distance_m, place.name)
        for place in places
        if (distance_m := origin.distance_m(place.position)) <= radius_m
        and (not stores or place.store_category in stores)
        and (not pickups or pickups & set(place.pickup_categories))
    )
    return [name for _, name in near][:200]


async def test_they_are_those_of_a_search_through_all(sites: Sites) -> None:
    chance = random.Random(11)
    places = list(generated(3_000, chance))
    await sites.store(places)
    for turn in range(60):
        origin = chance.choice(places).position if turn % 3 else Position(37.5, 127.0)
        radius_m = chance.choice([500, 5_000, 20_000, 50_000])
        stores = set(chance.sample(STORES, turn % 4))
        pickups = set(chance.sample(PICKUPS, turn % 3))
        found = await sites.nearest(origin, radius_m, stores=sorted(stores), pickups=sorted(pickups))
        assert [near.name for near, _ in found] == by_hand(places, origin, radius_m, stores, pickups)
        assert [away for _, away in found] == sorted(away for _, away in found)


async def test_filters_apply_before_the_limit(sites: Sites) -> None:
    crowd = [site(str(number), 37.5665 + number * 1e-6) for number in range(300)]
    far = site("far", 37.60, store_category="lodging", pickup_categories=("glass",))
    await stored(sites, *crowd, far)
    for stores, pickups in ((["lodging"], []), ([], ["glass"]), (["lodging"], ["glass"])):
        ((found, _),) = await sites.nearest(SEOUL, 50_000, stores=stores, pickups=pickups)
        assert found.name == "가게 far"
    assert len(await sites.nearest(SEOUL, 50_000)) == 200


async def test_a_place_that_several_filters_find_is_told_once(sites: Sites) -> None:
    await stored(sites, site("1", pickup_categories=("can", "glass", "paper")))
    assert len(await sites.nearest(SEOUL, 100, pickups=["can", "glass"])) == 1


async def test_places_at_one_spot_come_in_the_order_of_their_ids(sites: Sites) -> None:
    await stored(sites, *[site(str(number)) for number in range(30)])
    found = [near.id for near, _ in await sites.nearest(SEOUL, 100)]
    assert found == sorted(found)
    assert len(found) == 30


async def test_storing_again_changes_nothing_and_a_change_changes_one(sites: Sites) -> None:
    places = [site("1"), site("2")]
    assert await sites.store(places) == (2, 0)
    before = [near for near, _ in await sites.nearest(SEOUL, 100)]
    assert await sites.store(places) == (0, 0)
    assert [near for near, _ in await sites.nearest(SEOUL, 100)] == before
    moved = replace(places[0], position=Position(35.18, 129.07), store_category="lodging")
    assert await sites.store([moved, places[1]]) == (0, 1)
    assert [near.name for near, _ in await sites.nearest(SEOUL, 50_000)] == ["가게 2"]
    assert await sites.nearest(SEOUL, 50_000, stores=["lodging"]) == []
    ((there, _),) = await sites.nearest(moved.position, 100, stores=["lodging"])
    assert there.id == before[0].id


async def test_more_places_than_a_batch_are_stored(sites: Sites) -> None:
    assert await sites.store([site(str(number)) for number in range(1_203)]) == (1_203, 0)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("행복", ["행복 나눔터", "마을 행복터"]),
        ("나눔 행복", ["행복 나눔터"]),
        ("행복나눔", ["행복 나눔터"]),
        ("중앙로", ["마을 행복터", "행복 나눔터"]),
        ("ｚｅｒｏ", ["ZERO 상점"]),
        ("행", ["행복 나눔터", "마을 행복터"]),
        ("100%", []),
        ("%", []),
        ("없는 말", []),
        ("  ", []),
    ],
)
async def test_places_are_found_by_every_word(sites: Sites, query: str, names: list[str]) -> None:
    await stored(
        sites,
        site("1", name="마을 행복터", road_address="예시시 중앙로 1"),
        site("2", name="행복 나눔터", road_address="예시시 중앙로 22"),
        site("3", name="ZERO 상점"),
    )
    assert {found.name for found in await sites.named(query, 10)} == set(names)
    assert [found.name for found in await sites.named(query, 1)] == names[:1]


async def test_samples_say_that_they_are_and_serve_only_a_first_look(postgres_url: str) -> None:
    functions = Functions({"ECO2_DATABASE_URL": postgres_url, "ECO2_ENV": "local"})
    sites = await functions.resources.get(Sites)
    shown = [near for near, _ in await sites.nearest(SEOUL, 50_000)]
    assert len(shown) >= 4
    for sample in shown:
        assert sample.name.startswith("[예시] ")
        assert sample.road_address == ADDRESS
        assert sample.phone is None
    assert await sites.store([site("1")]) == (1, 0)
    assert [near.name for near, _ in await sites.nearest(SEOUL, 50_000)] == ["가게 1"]
    await functions.close()
    assert len({sample.source_key for sample in SAMPLES}) == len(SAMPLES)


async def test_elsewhere_than_on_a_developers_machine_there_are_no_samples(sites: Sites) -> None:
    assert await sites.is_empty()
