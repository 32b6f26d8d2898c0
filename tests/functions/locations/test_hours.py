"""Opening hours: how they are written, and what they say at a moment."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic_core import to_json

from functions.locations.hours import DayHours, OpeningHours, Today, parsed

SEOUL = ZoneInfo("Asia/Seoul")
OFFICE = DayHours(((540, 1080),))
CLOSED = DayHours(())


def week(*days: DayHours | None, holiday: DayHours | None = None) -> OpeningHours:
    return OpeningHours((*days, *[CLOSED] * (7 - len(days)), holiday))


def at(hours: OpeningHours, moment: str) -> Today:
    return hours.at(datetime.fromisoformat(moment).replace(tzinfo=SEOUL))


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("09:00 ~ 18:00", DayHours(((540, 1080),))),
        ("9:00~11:00", DayHours(((540, 660),))),
        ("08시~22시", DayHours(((480, 1320),))),
        ("10시30분 ~ 19시", DayHours(((630, 1140),))),
        ("09:00 ~ 12:00,\n14:00 ~ 17:00", DayHours(((540, 720), (840, 1020)))),
        ("22:00~02:00", DayHours(((1320, 1560),))),
        ("00:00~24:00", DayHours(((0, 1440),))),
        ("상시", DayHours(((0, 1440),))),
        ("휴무", CLOSED),
        ("전체휴무", CLOSED),
        ("10:00~12:00\n14:00~16:00\n(1,3,5주)", DayHours(((600, 720), (840, 960)), (1, 3, 5))),
        ("10:00~12:00\n(매주 목요일)", DayHours(((600, 720),))),
        ("", None),
    ],
)
def test_hours_are_read_as_public_offices_write_them(text: str, hours: DayHours | None) -> None:
    assert parsed(text) == (hours, True)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("10시~22시         (하절기(7~9월) 10시~23시)", DayHours(((600, 1320),))),
        ("09:00 ~ 18:00 점심시간 제외", OFFICE),
        ("문의 바람", None),
        ("25:00 ~ 26:00", None),
        ("09:00 ~ 09:00", None),
    ],
)
def test_what_is_understood_only_in_part_is_told(text: str, hours: DayHours | None) -> None:
    assert parsed(text) == (hours, False)


def test_a_place_is_open_within_its_hours() -> None:
    hours = week(*[OFFICE] * 5)
    assert at(hours, "2026-11-25T09:00") == Today(False, True, "09:00", "18:00")
    assert at(hours, "2026-11-25T08:59") == Today(False, False, "09:00", "18:00")
    assert at(hours, "2026-11-25T18:00") == Today(False, False, "09:00", "18:00")
    assert at(hours, "2026-11-28T12:00") == Today(True, False, None, None)


def test_a_break_at_noon_is_closed_and_the_day_ends_with_the_last_hours() -> None:
    hours = week(*[DayHours(((540, 720), (840, 1020)))] * 5)
    assert at(hours, "2026-11-25T13:00") == Today(False, False, "09:00", "17:00")
    assert at(hours, "2026-11-25T16:59") == Today(False, True, "09:00", "17:00")


def test_who_opens_past_midnight_is_still_open_from_yesterday() -> None:
    hours = week(DayHours(((1320, 1560),)))  # Monday, 22 to 2
    assert at(hours, "2026-11-23T23:00") == Today(False, True, "22:00", "02:00")
    assert at(hours, "2026-11-24T01:59") == Today(True, True, None, None)
    assert at(hours, "2026-11-24T02:00") == Today(True, False, None, None)
    assert at(hours, "2026-11-23T01:00") == Today(False, False, "22:00", "02:00")


def test_a_public_holiday_has_hours_of_its_own() -> None:
    hours = week(*[OFFICE] * 7, holiday=CLOSED)
    assert at(hours, "2026-12-25T10:00") == Today(True, False, None, None)
    assert at(week(*[OFFICE] * 7), "2026-12-25T10:00") == Today(False, True, "09:00", "18:00")
    always = week(holiday=DayHours(((0, 1440),)))
    assert at(always, "2026-12-25T23:59") == Today(False, True, "00:00", "24:00")


def test_hours_of_some_weeks_are_closed_in_the_others() -> None:
    hours = week(DayHours(((600, 720),), (1, 3, 5)))
    assert at(hours, "2026-11-02T10:00").is_open
    assert at(hours, "2026-11-09T10:00") == Today(True, False, None, None)
    assert at(hours, "2026-11-16T10:00").is_open


def test_nothing_is_said_of_a_day_that_nobody_told_of() -> None:
    hours = week(None, OFFICE)
    assert at(hours, "2026-11-23T10:00") == Today(False, None, None, None)
    assert at(week(None, OFFICE), "2026-11-24T10:00").is_open


def test_the_day_is_that_of_korea() -> None:
    hours = week(*[OFFICE] * 5)
    assert hours.at(datetime.fromisoformat("2026-11-26T23:30:00+00:00")).start_time == "09:00"  # Friday there
    assert hours.at(datetime.fromisoformat("2026-11-27T15:30:00+00:00")).is_holiday  # and Saturday


def test_hours_are_stored_and_read_again() -> None:
    hours = OpeningHours((*[OFFICE] * 5, None, CLOSED, DayHours(((0, 1440),), (2, 4))))
    assert OpeningHours.load(to_json(hours.dump()).decode()) == hours
