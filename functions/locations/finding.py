"""Finding places by a keyword: Kakao's hits with places of ours around them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

from functions.locations.entries import LocationEntry, PlaceSuggestion, of_kakao, of_site
from functions.locations.geometry import Position
from functions.locations.kakao import KakaoLocal, KakaoPlace
from functions.locations.sites import LIMIT, Site, Sites
from functions.runtime.errors import Unprocessable
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

SAME_M: Final = 50
"""Nearer than this, Kakao's place and one of ours are one place."""
SUGGESTED: Final = 5


class Finder(Service):
    """Search and suggestions; without Kakao from places of ours alone."""

    def __init__(self, sites: Sites, kakao: KakaoLocal) -> None:
        self._sites, self._kakao = sites, kakao

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over our places and Kakao's."""
        return cls(await resources.get(Sites), await resources.get(KakaoLocal))

    async def search(self, query: str, around: Position | None, radius_m: int) -> list[LocationEntry]:
        """Kakao's hits and our places within `radius_m` of the anchor, nearest first.

        The anchor is where the caller is, else the best hit: Kakao's, or our best place of that name.
        """
        query = worded(query)
        hits = await self._kakao.places(query, around, radius_m) or []
        anchor = around or (hits[0].position if hits else await self._best(query))
        if anchor is None:
            return []
        ours = await self._sites.nearest(anchor, radius_m)
        near = [(hit, anchor.distance_m(hit.position)) for hit in hits]
        return merged(ours, [(hit, away) for hit, away in near if away <= radius_m])

    async def suggest(self, query: str) -> list[PlaceSuggestion]:
        """At most five places that `query` may mean."""
        query = worded(query)
        hits = await self._kakao.places(query)
        if hits:
            return [
                PlaceSuggestion(
                    place_name=hit.name,
                    address=hit.address,
                    latitude=hit.position.latitude,
                    longitude=hit.position.longitude,
                    place_url=hit.url,
                )
                for hit in hits[:SUGGESTED]
            ]
        return [
            PlaceSuggestion(
                place_name=site.name,
                address=site.road_address or site.lot_address,
                latitude=site.position.latitude,
                longitude=site.position.longitude,
                place_url=site.place_url,
            )
            for site in await self._sites.named(query, SUGGESTED)
        ]

    async def _best(self, query: str) -> Position | None:
        best = await self._sites.named(query, 1)
        return best[0].position if best else None


def merged(
    ours: Sequence[tuple[Site, float]], hits: Sequence[tuple[KakaoPlace, float]]
) -> list[LocationEntry]:
    """One list by distance; what Kakao has within 50 m of a place of ours is that place."""
    now = datetime.now(UTC)
    same: dict[int, KakaoPlace] = {}
    entries: list[tuple[float, LocationEntry]] = []
    for hit, away in hits:
        near = [
            (metres, site.id)
            for site, _ in ours
            if (metres := hit.position.distance_m(site.position)) <= SAME_M
        ]
        if near:
            same.setdefault(min(near)[1], hit)
        else:
            entries.append((away, of_kakao(hit, away)))
    entries += [(away, of_site(site, away, now, same.get(site.id))) for site, away in ours]
    return [entry for _, entry in sorted(entries, key=lambda pair: pair[0])][:LIMIT]


def worded(query: str) -> str:
    """What is searched for, in composed letters, without what can't be seen. Raises Unprocessable."""
    letters = ("" if unicodedata.category(c) == "Cf" else c if c.isprintable() else " " for c in query)
    words = " ".join(unicodedata.normalize("NFC", "".join(letters)).split())
    if not words:
        raise Unprocessable("QUERY_EMPTY", "Say what to search for: q has no letters.")
    return words
