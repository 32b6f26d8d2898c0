"""The Korea Meteorological Administration's short-term forecasts (기상청 단기예보 조회서비스 2.0, data.go.kr 15084084).

Observation (`getUltraSrtNcst`), the next six hours (`getUltraSrtFcst`) and three days (`getVilageFcst`), all by the
cells of a 5 km grid. Times are those of Asia/Seoul.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from math import cos, floor, log, pi, radians, sin, tan
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic_core import from_json

from functions.chat.tools.outside_json import PublicData
from functions.chat.tools.settings import ToolSettings
from functions.runtime.outside import OutsideFailure

if TYPE_CHECKING:
    from redis.asyncio import Redis

SEOUL: Final = timezone(timedelta(hours=9), "KST")
ROWS: Final = 1_000
KEEP_S: Final = 300
_NOTHING_YET: Final = "03"
_LEAST, _MOST = -900.0, 900.0
"""Numbers beyond these mean that nothing was measured."""
RAINS: Final = {
    "0": "",
    "1": "비",
    "2": "비나 눈",
    "3": "눈",
    "4": "소나기",
    "5": "빗방울",
    "6": "빗방울이나 눈날림",
    "7": "눈날림",
}
"""Precipitation by its code PTY, in words."""
SKIES: Final = {"1": "맑음", "3": "구름 많음", "4": "흐림"}


class Cell(NamedTuple):
    """A cell of the grid: x from west to east, y from south to north."""

    nx: int
    ny: int


class Issue(NamedTuple):
    """When a product was issued: `date` as 20260131, `time` as 0500."""

    date: str
    time: str


@dataclass(frozen=True, slots=True)
class HourOfWeather:
    """What is measured or expected for one hour; None where it is not told. `rain` is empty where none falls."""

    at: datetime
    temperature: float | None
    rain: str | None
    sky: str | None
    chance: int | None


def cell_of(latitude: float, longitude: float) -> Cell:
    """The cell around a position, by the Lambert conformal conic projection of the service's guide."""
    grid_km = 6371.00877 / 5.0
    first, second, origin_lon, origin_lat = radians(30.0), radians(60.0), radians(126.0), radians(38.0)
    cone = log(cos(first) / cos(second)) / log(tan(pi / 4 + second / 2) / tan(pi / 4 + first / 2))
    scale = tan(pi / 4 + first / 2) ** cone * cos(first) / cone
    from_pole = grid_km * scale / tan(pi / 4 + origin_lat / 2) ** cone
    distance = grid_km * scale / tan(pi / 4 + radians(latitude) / 2) ** cone
    turn = radians(longitude) - origin_lon
    turn = (turn + pi) % (2 * pi) - pi
    x = distance * sin(turn * cone) + 43
    y = from_pole - distance * cos(turn * cone) + 136
    return Cell(floor(x + 0.5), floor(y + 0.5))


def observed(now: datetime) -> Issue:
    """The newest observation: of the full hour, to be had from its minute 40."""
    at = now.astimezone(SEOUL)
    return _issue(at if at.minute >= 40 else at - timedelta(hours=1), minute=0)


def next_hours(now: datetime) -> Issue:
    """The newest forecast of six hours: of minute 30, to be had from minute 45."""
    at = now.astimezone(SEOUL)
    return _issue(at if at.minute >= 45 else at - timedelta(hours=1), minute=30)


def next_days(now: datetime) -> Issue:
    """The newest forecast of three days: of 2, 5, … 23 o'clock, to be had ten minutes later."""
    at = now.astimezone(SEOUL) - timedelta(minutes=10)
    return _issue(at - timedelta(hours=(at.hour - 2) % 3), minute=0)


def _issue(at: datetime, minute: int) -> Issue:
    at = at.replace(minute=minute)
    return Issue(f"{at:%Y%m%d}", f"{at:%H%M}")


class Kma:
    """The service's client. Raises OutsideFailure."""

    def __init__(self, settings: ToolSettings, redis: Redis) -> None:
        self._settings = settings
        self._data = PublicData("kma", redis, timeout_s=settings.kma_timeout_s, keep_s=KEEP_S)

    @property
    def configured(self) -> bool:
        """Whether there is a key for it."""
        return bool(self._settings.kma_key.get_secret_value())

    async def now(self, cell: Cell, now: datetime) -> HourOfWeather | None:
        """What was observed last; None where nothing is told yet."""
        items = await self._items("getUltraSrtNcst", observed(now), cell)
        found = _hours(items, "baseDate", "baseTime", "obsrValue")
        return found[-1] if found else None

    async def hours(self, cell: Cell, now: datetime) -> list[HourOfWeather]:
        """The next six hours."""
        return _hours(
            await self._items("getUltraSrtFcst", next_hours(now), cell), "fcstDate", "fcstTime", "fcstValue"
        )

    async def days(self, cell: Cell, now: datetime) -> list[HourOfWeather]:
        """The hours of about three days."""
        return _hours(
            await self._items("getVilageFcst", next_days(now), cell), "fcstDate", "fcstTime", "fcstValue"
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._data.close()

    async def _items(self, product: str, issue: Issue, cell: Cell) -> list[Any]:
        url = f"{self._settings.kma_url}/1360000/VilageFcstInfoService_2.0/{product}"
        parameters = {
            "pageNo": "1",
            "numOfRows": str(ROWS),
            "dataType": "JSON",
            "base_date": issue.date,
            "base_time": issue.time,
            "nx": str(cell.nx),
            "ny": str(cell.ny),
        }
        key = {"serviceKey": self._settings.kma_key.get_secret_value()}
        body = await self._data.get(url, parameters, secret_parameters=key)
        items = _read(body)
        if items:
            await self._data.keep(url, parameters, body)
        return items


def _read(body: bytes) -> list[Any]:
    """The items of an answer. What is wrong with a key comes as XML whatever was asked for."""
    try:
        answer = from_json(body)["response"]
        code = str(answer["header"]["resultCode"])
        if code == _NOTHING_YET:
            return []
        if code != "00":
            raise OutsideFailure(f"result {code[:8]}")
        items = answer["body"]["items"]["item"]
    except (ValueError, KeyError, TypeError) as error:
        raise OutsideFailure(f"unreadable answer: {type(error).__name__}") from None
    if not isinstance(items, list):
        raise OutsideFailure("an answer of another form")
    return items


def _hours(items: Sequence[Any], date: str, time: str, value: str) -> list[HourOfWeather]:
    by_hour: dict[datetime, dict[str, str]] = {}
    for item in items:
        try:
            at = datetime.strptime(f"{item[date]}{item[time]}", "%Y%m%d%H%M").replace(tzinfo=SEOUL)
            by_hour.setdefault(at, {})[str(item["category"])] = str(item[value])
        except (KeyError, TypeError, ValueError):
            continue  # a row that makes no sense says nothing about the others
    return [_hour(at, told) for at, told in sorted(by_hour.items())]


def _hour(at: datetime, told: dict[str, str]) -> HourOfWeather:
    chance = _number(told.get("POP"))
    return HourOfWeather(
        at=at,
        temperature=_number(told.get("T1H", told.get("TMP"))),
        rain=RAINS.get(told.get("PTY", "")),
        sky=SKIES.get(told.get("SKY", "")),
        chance=None if chance is None else round(chance),
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if _LEAST < number < _MOST else None
