"""Places of ours: stored, and found by where they are or by what they are called.

Tables `locations.sites` and `locations.places`; docs/adr/0035 says how the nearest ones are found.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Self

from pydantic_core import to_json

from functions.locations.categories import PICKUPS, STORES
from functions.locations.geometry import EARTH_M, Position
from functions.locations.hours import OpeningHours
from functions.runtime.resources import Service
from process.settings import ProcessSettings

if TYPE_CHECKING:
    from functions.locations.layouts import NewSite
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

LIMIT: Final = 200
SPARE: Final = 50
"""More than wanted is taken from the plane, where the order is only nearly that on the globe."""
APART_M: Final = 100_000_000
"""Between two planes: more than twice the way around the Earth."""
BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Site:
    """A place of ours. The last two are read for one place alone."""

    id: int
    source: str
    name: str
    road_address: str | None
    position: Position
    store_category: str
    pickup_categories: list[str]
    phone: str | None
    place_url: str | None
    hours: OpeningHours | None
    lot_address: str | None
    collection_items: str | None = None
    introduction: str | None = None


class Sites(Service):
    """Places of ours."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database; on a developer's machine that has no places, with the samples."""
        sites = cls(await resources.database())
        if resources.settings(ProcessSettings).env == "local" and await sites.is_empty():
            from functions.locations.samples import SAMPLES

            await sites.store(SAMPLES, samples=True)
        return sites

    async def is_empty(self) -> bool:
        """Whether there is no place at all."""
        return await self._database.one("SELECT 1 FROM locations.sites LIMIT 1") is None

    async def nearest(
        self,
        origin: Position,
        radius_m: float,
        *,
        stores: Sequence[str] = (),
        pickups: Sequence[str] = (),
        limit: int = LIMIT,
    ) -> list[tuple[Site, float]]:
        """The places nearest to `origin` with their metres, of any of these categories; () is all of them."""
        rows = await self._database.all(
            *nearest_to(origin, radius_m, stores=stores, pickups=pickups, limit=limit)
        )
        return [(_site(row[:-1]), row[-1]) for row in rows]

    async def named(self, query: str, limit: int) -> list[Site]:
        """The places whose names or addresses have every word of `query`, the likeliest first."""
        words = folded(query).split()
        if not words:
            return []
        rows = await self._database.all(
            _NAMED,
            {
                "grams": sorted({gram for word in words for gram in grams(word)}),
                "words": words,
                "whole": "".join(words),
                "limit": limit,
            },
        )
        return [_site(row) for row in rows]

    async def of(self, site_id: int) -> Site | None:
        """One place with all that is known of it."""
        row = await self._database.one(_ONE, (site_id,))
        return _site(row) if row else None

    async def store(self, sites: Sequence[NewSite], *, samples: bool = False) -> tuple[int, int]:
        """Store places by their keys: how many are new, and how many have changed. Real ones end the samples."""
        if sites and not samples:
            await self._database.run("DELETE FROM locations.sites WHERE sample")
        new = changed = 0
        for start in range(0, len(sites), BATCH):
            rows = to_json([_row(site, samples) for site in sites[start : start + BATCH]]).decode()
            for inserted, count in await self._database.all(_STORE, {"rows": rows}):
                new, changed = (new + count, changed) if inserted else (new, changed + count)
        return new, changed


def nearest_to(
    origin: Position, radius_m: float, *, stores: Sequence[str], pickups: Sequence[str], limit: int
) -> tuple[str, dict[str, Any]]:
    """The statement that finds the nearest places, and its parameters."""
    x, y = origin.on_plane()
    return _NEAREST, {
        "at": [f"({x + APART_M * plane},{y})" for plane in planes(stores, pickups)],
        "latitude": origin.latitude,
        "longitude": origin.longitude,
        "radius": float(radius_m),  # always one type: one prepared statement
        "taken": limit + SPARE,
        "limit": limit,
    }


def planes(stores: Iterable[str], pickups: Iterable[str]) -> list[int]:
    """The planes on which places of any of these categories lie; without any, the plane of all places."""
    kinds = [STORES.index(name) + 1 for name in stores] or [0]
    wastes = [PICKUPS.index(name) + 1 for name in pickups] or [0]
    return [16 * kind + waste for kind in kinds for waste in wastes]


def folded(text: str) -> str:
    """Text as it is searched: one spelling of each character, small letters."""
    return unicodedata.normalize("NFKC", text).casefold().replace("\0", " ")


def grams(word: str) -> Iterator[str]:
    """The characters of a word and its pairs of characters."""
    yield from word
    yield from map("".join, pairwise(word))


def _row(site: NewSite, sample: bool) -> dict[str, Any]:
    x, y = site.position.on_plane()
    found_on = {
        plane
        for kinds in ((), (site.store_category,))
        for wastes in ((), site.pickup_categories)
        for plane in planes(kinds, wastes)
    }
    words = ["".join(folded(text or "").split()) for text in (site.name, site.road_address, site.lot_address)]
    return {
        "source": site.source,
        "source_key": site.source_key,
        "sample": sample,
        "name": site.name,
        "road_address": site.road_address,
        "lot_address": site.lot_address,
        "latitude": site.position.latitude,
        "longitude": site.position.longitude,
        "store_category": site.store_category,
        "pickup_categories": list(site.pickup_categories),
        "phone": site.phone,
        "place_url": site.place_url,
        "collection_items": site.collection_items,
        "introduction": site.introduction,
        "hours": site.hours and site.hours.dump(),
        "words": "\n".join(filter(None, words)),
        "grams": sorted({gram for word in words for gram in grams(word)}),
        "places": [f"({x + APART_M * plane},{y})" for plane in sorted(found_on)],
    }


def _site(row: Sequence[Any]) -> Site:
    number, source, name, address, latitude, longitude, hours, kind, wastes, phone, url, *more = row
    position, opening = Position(latitude, longitude), OpeningHours.load(hours) if hours else None
    return Site(number, source, name, address, position, kind, wastes, phone, url, opening, *more)


_COLUMNS = """
    s.id, s.source, s.name, s.road_address, s.latitude, s.longitude, s.hours::text, s.store_category,
    s.pickup_categories, s.phone, s.place_url, s.lot_address
"""
# Each plane gives its nearest by the index alone, so the work does not grow with what the filters leave out.
_NEAREST = f"""
WITH found AS (
    SELECT near.site_id, min(near.distance) AS distance
    FROM unnest(%(at)s::text[]) AS plane (at)
    CROSS JOIN LATERAL (
        SELECT p.site_id, p.at <-> plane.at::point AS distance FROM locations.places p
        ORDER BY p.at <-> plane.at::point LIMIT %(taken)s
    ) near
    WHERE near.distance < {APART_M / 2} -- beyond lie the other planes
    GROUP BY near.site_id ORDER BY 2 LIMIT %(taken)s
), measured AS (
    SELECT {_COLUMNS}, {2 * EARTH_M} * asin(sqrt(least(1, power(sin(radians(s.latitude - %(latitude)s) / 2), 2)
        + cos(radians(%(latitude)s)) * cos(radians(s.latitude))
        * power(sin(radians(s.longitude - %(longitude)s) / 2), 2)))) AS distance_m
    FROM found JOIN locations.sites s ON s.id = found.site_id
)
SELECT * FROM measured WHERE distance_m <= %(radius)s ORDER BY distance_m, id LIMIT %(limit)s
"""  # noqa: S608 - columns and a number from above
_NAMED = f"""
SELECT {_COLUMNS} FROM locations.sites s
WHERE s.grams @> %(grams)s
    AND (SELECT bool_and(position(word IN s.words) > 0) FROM unnest(%(words)s::text[]) AS word)
ORDER BY coalesce(nullif(position(%(whole)s IN s.words), 0), 100000), length(s.name), s.id
LIMIT %(limit)s
"""  # noqa: S608 - columns from above
_ONE = f"""
SELECT {_COLUMNS}, s.collection_items, s.introduction FROM locations.sites s WHERE s.id = %s
"""  # noqa: S608 - columns from above
_CHANGES = (
    "sample, name, road_address, lot_address, latitude, longitude, store_category, pickup_categories, phone, "
    "place_url, collection_items, introduction, hours, words, grams"
)
_STORE = f"""
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (source text, source_key text, sample boolean, name text,
        road_address text, lot_address text, latitude float8, longitude float8, store_category text,
        pickup_categories text[], phone text, place_url text, collection_items text, introduction text, hours jsonb,
        words text, grams text[], places text[])
), stored AS (
    INSERT INTO locations.sites AS s (source, source_key, {_CHANGES})
    SELECT source, source_key, {_CHANGES} FROM given
    ON CONFLICT (source, source_key) DO UPDATE SET ({_CHANGES}, updated_at)
        = ({", ".join(f"excluded.{name}" for name in _CHANGES.split(", "))}, now())
    WHERE ({", ".join(f"s.{name}" for name in _CHANGES.split(", "))})
        IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in _CHANGES.split(", "))})
    RETURNING id, source, source_key, xmax = 0 AS inserted
), gone AS (
    DELETE FROM locations.places WHERE site_id IN (SELECT id FROM stored WHERE NOT inserted)
), placed AS (
    INSERT INTO locations.places (site_id, at)
    SELECT stored.id, at::point FROM stored JOIN given USING (source, source_key), unnest(given.places) AS at
)
SELECT inserted, count(*) FROM stored GROUP BY inserted
"""  # noqa: S608 - names of columns from above
