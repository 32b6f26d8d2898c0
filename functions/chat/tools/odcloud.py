"""Collection boxes from files of municipalities (api.odcloud.kr): where they are, by kind."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

from functions.chat.tools.outside_json import PublicData
from functions.chat.tools.settings import ToolSettings
from functions.locations.geometry import Position
from functions.runtime.outside import OutsideFailure

if TYPE_CHECKING:
    from redis.asyncio import Redis

ROWS: Final = 1_000
PAGES: Final = 5
KEEP_S: Final = 24 * 3600
_LATITUDE, _LONGITUDE = (
    re.compile(r"위도|latitude|^lat$", re.I),
    re.compile(r"경도|longitude|^lng$|^lon$", re.I),
)
_ADDRESS = (re.compile(r"도로명"), re.compile(r"지번"), re.compile(r"주소|소재지|위치|주소지"))
_NAME = re.compile(r"장소명|설치장소|명칭|시설명|관리번호|수거함명")


@dataclass(frozen=True, slots=True)
class CollectionBox:
    """A box; `name` and `address` as the file tells them."""

    name: str
    address: str
    position: Position


class Odcloud:
    """The files' client. Raises OutsideFailure."""

    def __init__(self, settings: ToolSettings, redis: Redis) -> None:
        self._settings = settings
        self._data = PublicData("odcloud", redis, timeout_s=settings.public_data_timeout_s, keep_s=KEEP_S)
        self._files = [tuple(each.split("=", 1)) for each in settings.odcloud_points if "=" in each]

    def has(self, kind: str) -> bool:
        """Whether there is a key and a file for this kind of box."""
        key = self._settings.odcloud_key.get_secret_value()
        return bool(key) and any(name == kind for name, _ in self._files)

    async def nearest(
        self, kind: str, around: Position, radius_m: float, limit: int
    ) -> list[tuple[CollectionBox, float]]:
        """The nearest boxes of a kind with their metres."""
        found = []
        for name, path in self._files:
            if name == kind:
                found += [(box, around.distance_m(box.position)) for box in await self._boxes(path)]
        near = [pair for pair in found if pair[1] <= radius_m]
        return sorted(near, key=lambda pair: pair[1])[:limit]

    async def close(self) -> None:
        """Close the connections."""
        await self._data.close()

    async def _boxes(self, path: str) -> list[CollectionBox]:
        boxes: list[CollectionBox] = []
        for page in range(1, PAGES + 1):
            url = f"{self._settings.odcloud_url}/api/{path}"
            parameters = {"page": str(page), "perPage": str(ROWS), "returnType": "JSON"}
            headers = {"authorization": f"Infuser {self._settings.odcloud_key.get_secret_value()}"}
            body = await self._data.get(url, parameters, headers=headers)
            total, rows = _page(body)
            await self._data.keep(url, parameters, body)
            boxes += [box for row in rows if (box := _box(row))]
            if page * ROWS >= total:
                break
        return boxes


def _page(body: bytes) -> tuple[int, list[Any]]:
    try:
        answer = from_json(body)
        total, rows = int(answer["totalCount"]), answer["data"]
    except (ValueError, KeyError, TypeError) as error:
        raise OutsideFailure(f"unreadable answer: {type(error).__name__}") from None
    if not isinstance(rows, list):
        raise OutsideFailure("an answer of another form")
    return total, rows


def _box(row: Any) -> CollectionBox | None:
    if not isinstance(row, dict):
        return None
    try:
        position = Position(float(_column(row, _LATITUDE)), float(_column(row, _LONGITUDE)))
    except ValueError:
        return None
    if not (
        math.isfinite(position.latitude)
        and 33 <= position.latitude <= 39
        and 124 <= position.longitude <= 132
    ):
        return None
    address = next((text for pattern in _ADDRESS if (text := _column(row, pattern))), "")
    return CollectionBox(_column(row, _NAME), address, position)


def _column(row: Mapping[str, Any], pattern: re.Pattern[str]) -> str:
    return next(
        (str(value).strip()[:200] for name, value in row.items() if value and pattern.search(str(name))), ""
    )
