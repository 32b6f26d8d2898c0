"""Weather: the grid and the times of issue by the service's published examples, every code, every fault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from functions.chat.tools.kma import (
    RAINS,
    SEOUL,
    HourOfWeather,
    Kma,
    cell_of,
    next_days,
    next_hours,
    observed,
)
from functions.chat.tools.settings import ToolSettings
from functions.chat.tools.weather import TIP, day_of, told, told_of_day
from functions.runtime.outside import OutsideFailure
from process.settings import read
from tests.functions.chat.public_data import PublicDataServer
from tests.functions.providers.conftest import running

NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)  # noon in Seoul


@pytest.mark.parametrize(
    ("latitude", "longitude", "cell"),
    [
        (37.488201, 126.929810, (59, 125)),  # the program in the service's guide
        (37.56356944444444, 126.98000833333333, (60, 127)),  # its table of places: Seoul
        (35.17701944444444, 129.0770, (98, 76)),  # Busan
        (35.86854166666667, 128.6038, (89, 90)),  # Daegu
        (37.45323333333334, 126.7073, (55, 124)),  # Incheon
        (35.15697777777778, 126.8535, (58, 74)),  # Gwangju
        (36.34711944444444, 127.3870, (67, 100)),  # Daejeon
        (35.53540833333333, 129.3136, (102, 84)),  # Ulsan
        (33.48569444444445, 126.5003, (52, 38)),  # Jeju
    ],
)
def test_a_position_lies_in_the_cell_of_the_published_tables(
    latitude: float, longitude: float, cell: tuple[int, int]
) -> None:
    assert cell_of(latitude, longitude) == cell


@pytest.mark.parametrize(
    ("clock", "now", "hours", "days"),
    [
        ("12:39", "20261127 1100", "20261127 1130", "20261127 1100"),
        ("12:40", "20261127 1200", "20261127 1130", "20261127 1100"),
        ("12:45", "20261127 1200", "20261127 1230", "20261127 1100"),
        ("11:09", "20261127 1000", "20261127 1030", "20261127 0800"),
        ("11:10", "20261127 1000", "20261127 1030", "20261127 1100"),
        ("00:10", "20261126 2300", "20261126 2330", "20261126 2300"),
        ("02:09", "20261127 0100", "20261127 0130", "20261126 2300"),
        ("02:10", "20261127 0100", "20261127 0130", "20261127 0200"),
        ("23:59", "20261127 2300", "20261127 2330", "20261127 2300"),
    ],
)
def test_the_newest_issue_that_is_to_be_had_is_asked_for(clock: str, now: str, hours: str, days: str) -> None:
    at = datetime.strptime(f"20261127 {clock}", "%Y%m%d %H:%M").replace(tzinfo=SEOUL)
    issues = [" ".join(issue(at)) for issue in (observed, next_hours, next_days)]
    assert issues == [now, hours, days]
    assert [" ".join(issue(at.astimezone(UTC))) for issue in (observed, next_hours, next_days)] == issues


@pytest.fixture
def server() -> PublicDataServer:
    return PublicDataServer()


@pytest.fixture
async def kma(server: PublicDataServer, valkey_url: str) -> AsyncIterator[Kma]:
    redis = Redis.from_url(valkey_url)
    await redis.flushdb()
    async with running(server.app) as url:
        made = Kma(
            read(ToolSettings, {"ECO2_KMA_KEY": "k", "ECO2_KMA_URL": url, "ECO2_KMA_TIMEOUT_S": "0.5"}), redis
        )
        yield made
        await made.close()
    await redis.aclose()


@pytest.mark.parametrize("code", list(RAINS))
async def test_every_code_of_precipitation_is_read(server: PublicDataServer, kma: Kma, code: str) -> None:
    server.rain = code
    cell = cell_of(37.5, 127.0)
    now = await kma.now(cell, NOW)
    assert now == HourOfWeather(datetime(2026, 11, 27, 11, tzinfo=SEOUL), 3.4, RAINS[code], None, None)
    assert {hour.rain for hour in await kma.hours(cell, NOW)} == {RAINS[code]}
    assert server.queries[0]["serviceKey"] == "k"
    assert (server.queries[0]["nx"], server.queries[0]["base_time"]) == (str(cell.nx), "1100")


async def test_what_was_told_is_remembered(server: PublicDataServer, kma: Kma) -> None:
    cell = cell_of(37.5, 127.0)
    assert await kma.days(cell, NOW) == await kma.days(cell, NOW)
    assert server.asked == {"getVilageFcst": 1}


async def test_a_number_that_means_nothing_is_none(server: PublicDataServer, kma: Kma) -> None:
    server.temperature = "-998.9"
    now = await kma.now(cell_of(37.5, 127.0), NOW)
    assert now is not None
    assert now.temperature is None


@pytest.mark.parametrize("fault", ["error", "key", "garbage", "code", "hang"])
async def test_a_fault_is_a_failure_and_nothing_is_remembered(
    server: PublicDataServer, kma: Kma, fault: str
) -> None:
    cell = cell_of(37.5, 127.0)
    server.fault = fault
    with pytest.raises(OutsideFailure):
        await kma.now(cell, NOW)
    server.fault = ""
    assert await kma.now(cell, NOW)


async def test_what_is_not_issued_yet_is_nothing(server: PublicDataServer, kma: Kma) -> None:
    server.fault = "empty"
    assert await kma.now(cell_of(37.5, 127.0), NOW) is None


async def test_a_service_that_keeps_failing_is_left_alone(server: PublicDataServer, kma: Kma) -> None:
    server.fault = "error"
    for _ in range(8):
        with pytest.raises(OutsideFailure):
            await kma.now(cell_of(37.5, 127.0), NOW)
    assert server.asked["getUltraSrtNcst"] == 5


def _hour(hour: int, temperature: float | None, rain: str, chance: int | None = None) -> HourOfWeather:
    return HourOfWeather(datetime(2026, 11, 28, hour, tzinfo=SEOUL), temperature, rain, None, chance)


def test_weather_is_told_in_words() -> None:
    assert told("계신 곳", _hour(9, -2.0, ""), [_hour(10, 1, ""), _hour(15, 1, "")]) == (
        "지금 계신 곳 기온은 영하 2도이고 비나 눈은 내리지 않아요. 오후 3시까지는 비나 눈 예보가 없어요."
    )
    assert told("제주시", _hour(9, 5.5, "비"), [_hour(12, 1, "눈")]) == (
        f"지금 제주시 기온은 5.5도이고 비가 내리고 있어요. 오후 12시쯤 눈 예보가 있어요. {TIP}"
    )
    assert told_of_day("제주시", [_hour(0, 1, ""), _hour(15, 7, "비", 60)], NOW, 1) == (
        f"내일 제주시 기온은 1도에서 7도 사이예요. 오후 3시쯤 비 예보(확률 60%)가 있어요. {TIP}"
    )
    assert "비나 눈 예보는 없어요" in told_of_day("제주시", [_hour(0, 1, "")], NOW, 1)
    assert told_of_day("제주시", [_hour(0, None, "")], NOW, 1) == ""
    assert [day_of(text) for text in ("모레 날씨", "내일은?", "날씨")] == [2, 1, 0]
