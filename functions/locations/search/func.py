"""Finds places by a keyword, with our own places around them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from functions.locations.entries import LocationEntry
from functions.locations.finding import Finder
from functions.locations.geometry import Position
from functions.runtime import Unprocessable, User, http_function


@http_function(
    "GET /api/v1/locations/search", rate_limit="120/60", problems=("POSITION_INCOMPLETE", "QUERY_EMPTY")
)
async def search(
    user: User,  # noqa: ARG001 - asking for the user is what demands a login
    finder: Finder,
    q: Annotated[str, Field(min_length=1, max_length=100)],
    radius: Annotated[int, Field(ge=100, le=20_000)] = 5_000,
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None,
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None,
) -> list[LocationEntry]:
    """What is called `q` and our places around it, nearest first, as a bare array."""
    if (lat is None) != (lon is None):
        raise Unprocessable("POSITION_INCOMPLETE", "Give both lat and lon, or neither.")
    around = None if lat is None or lon is None else Position(lat, lon)
    return await finder.search(q, around, radius)


new = search.new
