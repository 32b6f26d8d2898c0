"""Places to search for."""

from __future__ import annotations

from typing import Any

from functions.locations.geometry import Position
from functions.locations.layouts import NewSite

SEOUL = Position(37.5665, 126.9780)


def site(key: str, latitude: float = 37.5665, longitude: float = 126.9780, **more: Any) -> NewSite:
    """A place in Seoul unless told otherwise."""
    given = {
        "source": "zerowaste",
        "source_key": key,
        "name": f"가게 {key}",
        "position": Position(latitude, longitude),
        "store_category": "refill_zero",
        "pickup_categories": (),
        **more,
    }
    return NewSite(**given)
