"""Which days are public holidays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from functions.locations.holidays import LISTED, holiday


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2025-01-29", "설날"),
        ("2025-05-01", None),
        ("2025-05-05", "어린이날"),
        ("2025-05-06", "부처님오신날 대체공휴일"),
        ("2025-07-17", None),
        ("2026-05-01", "노동절"),
        ("2026-06-03", "지방선거일"),
        ("2026-07-17", "제헌절"),
        ("2026-09-25", "추석"),
        ("2026-09-28", None),
        ("2027-12-27", "성탄절 대체공휴일"),
        ("2030-03-01", "삼일절"),
        ("2030-07-17", "제헌절"),
    ],
)
def test_holidays_are_known_by_name(day: str, name: str | None) -> None:
    assert holiday(date.fromisoformat(day)) == name


@pytest.mark.parametrize(("year", "count"), [(2025, 19), (2026, 22), (2027, 24)])
def test_the_listed_years_have_so_many(year: int, count: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    assert year in LISTED
    assert sum(holiday(day) is not None for day in days) == count


@pytest.mark.parametrize("year", LISTED)
def test_a_substitute_is_a_working_day_that_follows_a_holiday(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    substitutes = [day for day in days if "대체" in (holiday(day) or "")]
    assert substitutes
    for day in substitutes:
        assert day.weekday() < 5
        name = (holiday(day) or "").removesuffix(" 대체공휴일")
        week = [holiday(day - timedelta(days=back)) or "" for back in range(1, 5)]
        assert name == "부처님오신날" or any(name in each for each in week)
