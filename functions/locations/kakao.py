"""Kakao's search of places by keyword (Kakao Developers, Local API, `GET /v2/local/search/keyword.json`)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json

from functions.locations.geometry import Position
from functions.locations.settings import LocationSettings
from functions.runtime.breaker import Breaker, CircuitOpen
from functions.runtime.resources import Service
from process import tracing

if TYPE_CHECKING:
    import aiohttp
    from redis.asyncio import Redis

    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
SIZE: Final = 15
"""Places of one answer, the most that Kakao gives."""
MAX_BYTES: Final = 256 * 1024
_PLACE_PAGE: Final = re.compile(r"https?://(place\.map\.kakao\.com/\d{1,15})")
_OURS: Final = frozenset({400, 404})
"""Statuses that speak against our request, not against Kakao."""


class KakaoUnavailable(Exception):
    """Kakao gave no usable answer; `reason` names neither key nor question."""

    def __init__(self, reason: str, *, unhealthy: bool = True) -> None:
        super().__init__(reason)
        self.unhealthy = unhealthy


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
        self._settings, self._cache = settings, cache
        self._session: aiohttp.ClientSession | None = None
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
        key = f"locations:kakao:{hashlib.sha256(repr(sorted(parameters.items())).encode()).hexdigest()}"
        body = await self._remembered(key)
        if body is None:
            try:
                with self.breaker.watch():
                    body = await self._asked(parameters)
                    found = _places(body)
            except (KakaoUnavailable, CircuitOpen) as error:
                log.warning("kakao local: %s", error)
                return None
            await self._remember(key, body)
            return found
        return _places(body)

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def _asked(self, parameters: dict[str, str]) -> bytes:
        import aiohttp

        url = f"{self._settings.kakao_local_url}/v2/local/search/keyword.json"
        key = self._settings.kakao_local_key.get_secret_value()
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"user-agent": "eco2"}, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        with tracing.call("GET kakao local", dict) as span:  # the address holds what a user wrote
            try:
                async with (
                    asyncio.timeout(self._settings.kakao_local_timeout_s),
                    self._session.get(
                        url,
                        params=parameters,
                        headers={"authorization": f"KakaoAK {key}"},
                        allow_redirects=False,
                    ) as response,
                ):
                    span.set_attribute("http.response.status_code", response.status)
                    if response.status != 200:
                        raise KakaoUnavailable(
                            f"status {response.status}", unhealthy=response.status not in _OURS
                        )
                    body = await response.content.read(MAX_BYTES + 1)
                    while not response.content.at_eof() and len(body) <= MAX_BYTES:
                        body += await response.content.read(MAX_BYTES + 1 - len(body))
            except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
                raise KakaoUnavailable(type(error).__name__) from None
        if len(body) > MAX_BYTES:
            raise KakaoUnavailable("an answer without end")
        return body

    async def _remembered(self, key: str) -> bytes | None:
        from redis.exceptions import RedisError

        try:
            return cast("bytes | None", await self._cache.get(key))
        except (RedisError, OSError) as error:
            log.warning("kakao local: the cache is not there: %s", type(error).__name__)
            return None

    async def _remember(self, key: str, body: bytes) -> None:
        from redis.exceptions import RedisError

        try:
            await self._cache.set(key, body, ex=self._settings.kakao_local_cache_s)
        except (RedisError, OSError) as error:
            log.warning("kakao local: not remembered: %s", type(error).__name__)


def _speaks_against(error: Exception) -> bool:
    return isinstance(error, KakaoUnavailable) and error.unhealthy


def _places(body: bytes) -> list[KakaoPlace]:
    try:
        documents = _DOCUMENTS.validate_python(from_json(body))["documents"]
    except (ValueError, KeyError) as error:
        raise KakaoUnavailable(f"unreadable answer: {type(error).__name__}") from None
    return [place for document in documents[:SIZE] if (place := _place(document))]


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
