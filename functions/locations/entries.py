"""Places as the map shows them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from functions.locations.geometry import distance_text
from functions.locations.hours import UNKNOWN

if TYPE_CHECKING:
    from functions.locations.kakao import KakaoPlace
    from functions.locations.sites import Site


class ShownPlace(BaseModel):
    """What is shown of every place.

    `is_holiday`: it is closed the whole day today. `is_open` is null where nobody told the hours.
    """

    id: int
    name: str
    source: Literal["keco", "zerowaste", "kakao"]
    road_address: str | None
    latitude: float
    longitude: float
    store_category: str
    pickup_categories: list[str]
    is_holiday: bool
    is_open: bool | None
    start_time: str | None
    end_time: str | None
    phone: str | None
    place_url: str | None
    kakao_place_id: str | None


class LocationEntry(ShownPlace):
    """A place of a list, with how far away it is."""

    distance_km: float
    distance_text: str


class LocationDetail(ShownPlace):
    """A place with all that is known of it."""

    lot_address: str | None
    collection_items: str | None
    introduction: str | None


class PlaceSuggestion(BaseModel):
    """A place that may be meant by what was typed so far."""

    place_name: str
    address: str | None
    latitude: float
    longitude: float
    place_url: str | None


def of_site(site: Site, distance_m: float, now: datetime, same: KakaoPlace | None = None) -> LocationEntry:
    """A place of ours; `same` is what Kakao knows of it, which fills what we don't know."""
    return LocationEntry(**_shown(site, now, same), **_away(distance_m))


def detail(site: Site, now: datetime) -> LocationDetail:
    """All that we know of a place of ours."""
    return LocationDetail(
        **_shown(site, now, None),
        lot_address=site.lot_address,
        collection_items=site.collection_items,
        introduction=site.introduction,
    )


def of_kakao(place: KakaoPlace, distance_m: float) -> LocationEntry:
    """A place that Kakao alone knows, whose hours it does not tell."""
    return LocationEntry(
        id=int(place.id),
        name=place.name,
        source="kakao",
        road_address=place.address,
        latitude=place.position.latitude,
        longitude=place.position.longitude,
        store_category="general",
        pickup_categories=[],
        phone=place.phone,
        place_url=place.url,
        kakao_place_id=place.id,
        **asdict(UNKNOWN),
        **_away(distance_m),
    )


def _shown(site: Site, now: datetime, same: KakaoPlace | None) -> dict[str, Any]:
    today = site.hours.at(now) if site.hours else UNKNOWN
    return {
        "id": site.id,
        "name": site.name,
        "source": site.source,
        "road_address": site.road_address or site.lot_address,
        "latitude": site.position.latitude,
        "longitude": site.position.longitude,
        "store_category": site.store_category,
        "pickup_categories": site.pickup_categories,
        "is_holiday": today.is_holiday,
        "is_open": today.is_open,
        "start_time": today.start_time,
        "end_time": today.end_time,
        "phone": site.phone or (same.phone if same else None),
        "place_url": site.place_url or (same.url if same else None),
        "kakao_place_id": same.id if same else None,
    }


def _away(distance_m: float) -> dict[str, Any]:
    return {"distance_km": round(distance_m / 1_000, 3), "distance_text": distance_text(distance_m)}
