"""Lists the places around a position, nearest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from functions.locations import categories
from functions.locations.entries import LocationEntry, of_site
from functions.locations.geometry import LARGEST_M, SMALLEST_M, Position, radius_at
from functions.locations.sites import Sites
from functions.runtime import User, http_function

DEFAULT_M = 5_000


@http_function(
    "GET /api/v1/locations/centers", problems=("INVALID_STORE_CATEGORY", "INVALID_PICKUP_CATEGORY")
)
async def centers(
    user: User,  # noqa: ARG001 - asking for the user is what demands a login
    sites: Sites,
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)],
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)],
    radius: Annotated[int, Field(ge=SMALLEST_M, le=LARGEST_M)] | None = None,
    zoom: Annotated[int, Field(ge=1, le=20)] | None = None,
    store_category: str = categories.ALL,
    pickup_category: str = categories.ALL,
) -> list[LocationEntry]:
    """At most 200 places within `radius`, else within what a map at the level `zoom` shows, as a bare array."""
    within = radius or (radius_at(zoom) if zoom else DEFAULT_M)
    stores, pickups = categories.stores(store_category), categories.pickups(pickup_category)
    found = await sites.nearest(Position(lat, lon), within, stores=stores, pickups=pickups)
    now = datetime.now(UTC)
    return [of_site(site, distance_m, now) for site, distance_m in found]


new = centers.new
