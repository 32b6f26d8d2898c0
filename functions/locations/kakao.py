"""Kakao's search of places by keyword, and the region of a position (Kakao Developers, Local API).

`GET /v2/local/search/keyword.json` and `GET /v2/local/geo/coord2regioncode.json`.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json

from functions.locations.geometry import Position
from functions.locations.settings import LocationSettings
from functions.runtime.breaker import Breaker, CircuitOpen
from functions.runtime.cache import Cache
from functions.runtime.outside import OutsideClient, OutsideFailure
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
SIZE: Final = 15
"""Places of one answer, the most that Kakao gives."""
MAX_BYTES: Final = 256 * 1024
_PLACE_PAGE: Final = re.compile(r"https?://(place\.map\.kakao\.com/\d{1,15})")


class Document(BaseModel):
    """One place of Kakao's answer: what we use of it. `x` is the longitude, `y` the latitude, both as text."""

    id: str
    place_name: str
    address_name: str = ""
    road_address_name: str = ""
    phone: str = ""
    place_url: str = ""
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class KakaoPlace:
    """A place as Kakao knows it."""

    id: str
    name: str
    address: str | None
    position: Position
    phone: str | None
    url: str | None


class KakaoLocal(Service):
    """Kakao's places: asked within a time limit, remembered for a while, left alone while it fails."""

    def __init__(self, settings: LocationSettings, cache: Redis) -> None:
        self._settings, self._cache = settings, Cache(cache, "locations:kakao")
        self._client = OutsideClient(
            "kakao local", timeout_s=settings.kakao_local_timeout_s, max_bytes=MAX_BYTES
        )
        self.breaker = Breaker("kakao-local", _speaks_against)

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """With the settings of the process."""
        kakao = cls(resources.settings(LocationSettings), await resources.redis("cache"))
        resources.on_close(kakao.close)
        return kakao

    async def places(
        self, query: str, around: Position | None = None, radius_m: int = 0
    ) -> list[KakaoPlace] | None:
        """Places for a keyword: the nearest within `radius_m` of a position, or the most fitting anywhere.

        None where Kakao can't be asked, for want of a key or because it is down.
        """
        if not self._settings.kakao_local_key.get_secret_value():
            return None
        parameters = {"query": query, "size": str(SIZE)}
        if around:
            # Four digits are 11 m: what is asked from one street corner is one question.
            latitude, longitude = (f"{degrees:.4f}" for degrees in around)
            parameters |= {"y": latitude, "x": longitude, "radius": str(radius_m), "sort": "distance"}
        key = hashlib.sha256(repr(sorted(parameters.items())).encode()).hexdigest()
        if kept := await self._cache.get(key):
            return _places(kept.body)
        try:
            with self.breaker.watch():
                body = await self._asked(parameters)
                found = _places(body)
        except (OutsideFailure, CircuitOpen) as error:
            log.warning("kakao local: %s", error)
            return None
        await self._cache.set(key, body, self._settings.kakao_local_cache_s)
        return found

    async def region(self, position: Position) -> str | None:
        """The city, county or district around a position (서울특별시 강남구); None where Kakao can't be asked."""
        if not self._settings.kakao_local_key.get_secret_value():
            return None
        latitude, longitude = (f"{degrees:.4f}" for degrees in position)
        parameters = {"x": longitude, "y": latitude}
        key = hashlib.sha256(repr(sorted(parameters.items())).encode()).hexdigest()
        if kept := await self._cache.get(key):
            return _region(kept.body)
        try:
            with self.breaker.watch():
                body = await self._asked(parameters, "geo/coord2regioncode.json")
                found = _region(body)
        except (OutsideFailure, CircuitOpen) as error:
            log.warning("kakao local: %s", error)
            return None
        await self._cache.set(key, body, self._settings.kakao_local_cache_s)
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _asked(self, parameters: dict[str, str], what: str = "search/keyword.json") -> bytes:
        key = self._settings.kakao_local_key.get_secret_value()
        url = f"{self._settings.kakao_local_url}/v2/local/{what}"
        return await self._client.get(url, parameters, {"authorization": f"KakaoAK {key}"})


def _speaks_against(error: Exception) -> bool:
    return isinstance(error, OutsideFailure) and error.unhealthy


def _places(body: bytes) -> list[KakaoPlace]:
    try:
        documents = _DOCUMENTS.validate_python(from_json(body))["documents"]
    except (ValueError, KeyError) as error:
        raise OutsideFailure(f"unreadable answer: {type(error).__name__}") from None
    return [place for document in documents[:SIZE] if (place := _place(document))]


def _region(body: bytes) -> str | None:
    try:
        documents = _DOCUMENTS.validate_python(from_json(body))["documents"]
        names = [(str(one["region_1depth_name"]), str(one["region_2depth_name"])) for one in documents[:1]]
    except (ValueError, KeyError, TypeError) as error:
        raise OutsideFailure(f"unreadable answer: {type(error).__name__}") from None
    # A large city has districts of its own (수원시 영통구), which share its rules and fees.
    return " ".join([names[0][0], *names[0][1].split()[:1]]) if names else None


def _place(document: Any) -> KakaoPlace | None:
    try:
        read = Document.model_validate(document)
    except ValidationError:
        return None
    position = Position(read.y, read.x)
    if not (read.id.isascii() and read.id.isdigit() and len(read.id) <= 15 and read.place_name.strip()):
        return None
    if not (-90 <= position.latitude <= 90 and -180 <= position.longitude <= 180):
        return None
    page = _PLACE_PAGE.fullmatch(read.place_url)
    return KakaoPlace(
        id=read.id,
        name=read.place_name.strip(),
        address=read.road_address_name or read.address_name or None,
        position=position,
        phone=read.phone or None,
        url=f"https://{page[1]}" if page else None,
    )


_DOCUMENTS: TypeAdapter[dict[str, Sequence[Any]]] = TypeAdapter(dict[str, Any])
