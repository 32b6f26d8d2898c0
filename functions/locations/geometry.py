"""Geometry on the globe: distances, the map's plane and its levels of zoom."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

EARTH_M: Final = 6_371_008.8
"""Mean radius (IUGG)."""
_POLAR: Final = 85.0
"""Degrees from which on Mercator's plane is cut off."""
SMALLEST_M: Final = 100
LARGEST_M: Final = 50_000


class Position(NamedTuple):
    """A position on the globe, in degrees."""

    latitude: float
    longitude: float

    def distance_m(self, other: Position) -> float:
        """Metres to another position, along a great circle (haversine)."""
        south, north = math.radians(self.latitude), math.radians(other.latitude)
        half = math.sin((north - south) / 2) ** 2
        half += (
            math.cos(south)
            * math.cos(north)
            * math.sin(math.radians(other.longitude - self.longitude) / 2) ** 2
        )
        return 2 * EARTH_M * math.asin(math.sqrt(min(1.0, half)))

    def on_plane(self) -> tuple[float, float]:
        """Where it lies on Mercator's plane, in metres at the equator.

        The projection keeps angles: around any position, what is nearer on the plane is nearer on the globe, to within
        0.7 % of the distance at 50 km in Korea.
        """
        latitude = max(-_POLAR, min(_POLAR, self.latitude))
        y = math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
        return EARTH_M * math.radians(self.longitude), EARTH_M * y


def radius_at(level: int) -> int:
    """Metres from the middle to the edge of Kakao's map at a level (1 near to 14 far), on a screen of 2,000 pixels.

    At level 3 a pixel is a metre wide, and each level doubles that.
    """
    return int(max(SMALLEST_M, min(LARGEST_M, 1_000 * 2.0 ** (level - 3))))


def distance_text(metres: float) -> str:
    """A distance as people read it: `850m`, `1.2km`."""
    whole = round(metres)
    return f"{whole}m" if whole < 1_000 else f"{metres / 1_000:.1f}km"
