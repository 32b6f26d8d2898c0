"""Opening hours: read from how public offices write them, and what they mean at a moment in Korea."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from functions.locations.holidays import holiday

SEOUL: Final = timezone(timedelta(hours=9), "KST")
"""Asia/Seoul, which has no summer time: without reading a time zone file at every cold start."""
DAY_MIN: Final = 24 * 60
_CLOSED: Final = re.compile(r"(전체\s*)?휴무|정기\s*휴무|휴관|휴점|없음")
_ALWAYS: Final = re.compile(r"상시|연중무휴|24\s*시간")
_TIME: Final = r"(\d{1,2})(?::(\d{2})|시(?:\s*(\d{1,2})분)?)"
_SPAN: Final = re.compile(rf"{_TIME}\s*[~\-–∼〜]\s*{_TIME}")
_WEEKS: Final = re.compile(r"(?<!\d)([1-5](?:\s*,\s*[1-5])*)\s*주")
_NOTE: Final = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)")


class DayHours(NamedTuple):
    """The hours of one weekday, in minutes from its midnight; an end above a day is in the next one.

    `weeks`: of which weeks of a month they hold, () for all.
    """

    spans: tuple[tuple[int, int], ...]
    weeks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Today:
    """How a place is open today: None where nobody said."""

    is_holiday: bool
    is_open: bool | None
    start_time: str | None
    end_time: str | None


UNKNOWN: Final = Today(is_holiday=False, is_open=None, start_time=None, end_time=None)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Hours a weekday, Monday first, then those on public holidays; None for a day that nobody told of."""

    days: tuple[DayHours | None, ...]

    @classmethod
    @lru_cache(maxsize=1024)  # a few dozen texts are those of thousands of places
    def load(cls, stored: str) -> OpeningHours:
        """Hours from JSON as `dump` wrote it."""
        days = from_json(stored)
        return cls(tuple(day and DayHours(tuple((a, b) for a, b in day[0]), tuple(day[1])) for day in days))

    def dump(self) -> list[Any]:
        """JSON: `[spans, weeks]` a day, or null."""
        return [day and [list(day.spans), list(day.weeks)] for day in self.days]

    @lru_cache(maxsize=4096)  # noqa: B019 - hours live as long as the process, see `load`
    def at(self, now: datetime) -> Today:
        """What they say of the day and the moment `now`; give one moment for all places of a list."""
        local = now.astimezone(SEOUL)
        today = self._of(local.date())
        minute = local.hour * 60 + local.minute
        # Who opens past midnight is still open from yesterday.
        late = any(minute < end - DAY_MIN for _, end in self._of(local.date() - timedelta(days=1)) or ())
        if today is None:
            return Today(is_holiday=False, is_open=late or None, start_time=None, end_time=None)
        if not today:
            return Today(is_holiday=True, is_open=late, start_time=None, end_time=None)
        is_open = late or any(start <= minute < end for start, end in today)
        return Today(
            is_holiday=False,
            is_open=is_open,
            start_time=_text(min(start for start, _ in today)),
            end_time=_text(max(end for _, end in today)),
        )

    def _of(self, day: date) -> tuple[tuple[int, int], ...] | None:
        hours = self.days[7] if holiday(day) else None
        if hours is None:
            hours = self.days[day.weekday()]
        if hours is None:
            return None
        if hours.weeks and (day.day - 1) // 7 + 1 not in hours.weeks:
            return ()
        return hours.spans


def parsed(text: str) -> tuple[DayHours | None, bool]:
    """The hours that a day's text says, None for none, and whether all of it was understood.

    Understood are `09:00 ~ 18:00`, `08시~22시`, several of them, `휴무`, `상시` and weeks such as `(1,3,5주)`.
    """
    weeks = tuple(sorted({int(week) for found in _WEEKS.finditer(text) for week in found[1].split(",")}))
    notes = _NOTE.findall(text)
    bare = _NOTE.sub(" ", text).strip()
    understood = all(_WEEKS.search(note) or "매주" in note for note in notes)
    if not bare:
        return None, understood
    if _ALWAYS.fullmatch(bare):
        return DayHours(((0, DAY_MIN),), weeks), understood
    if _CLOSED.fullmatch(bare):
        return DayHours((), weeks), understood
    spans = [span for found in _SPAN.finditer(bare) if (span := _span(*found.groups()))]
    rest = re.sub(r"[\s,·/]+", "", _SPAN.sub("", bare))
    if not spans:
        return None, False
    return DayHours(tuple(sorted(spans)), weeks), understood and not rest


def _span(*parts: str | None) -> tuple[int, int] | None:
    start, end = (
        60 * int(hour or 0) + int(minutes or more or 0) for hour, minutes, more in (parts[:3], parts[3:])
    )
    if start >= DAY_MIN or end > DAY_MIN or start == end:
        return None
    return start, end if end > start else end + DAY_MIN


def _text(minute: int) -> str:
    if minute > DAY_MIN:
        minute -= DAY_MIN
    return f"{minute // 60:02d}:{minute % 60:02d}"
