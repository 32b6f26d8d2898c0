"""Public holidays in Korea.

Sources: 공휴일에 관한 법률 and 관공서의 공휴일에 관한 규정 (law.go.kr), the days that 월력요항 (Korea AeroSpace
Administration) derives from them, elections, and days off that the government added; compared with the list of the
Python package `holidays` 0.109. Days that move with the lunar calendar, and substitutes, are listed for the years
below; before and after, only the fixed ones are known.
"""

from __future__ import annotations

from datetime import date
from typing import Final

LISTED: Final = range(2025, 2028)
"""The years that are complete."""
_FIXED: Final = {
    (1, 1): "신정",
    (3, 1): "삼일절",
    (5, 5): "어린이날",
    (6, 6): "현충일",
    (8, 15): "광복절",
    (10, 3): "개천절",
    (10, 9): "한글날",
    (12, 25): "성탄절",
}
_SINCE_2026: Final = {(5, 1): "노동절", (7, 17): "제헌절"}
_MOVING: Final = {
    "2025-01-27": "임시공휴일",
    "2025-01-28": "설날 연휴",
    "2025-01-29": "설날",
    "2025-01-30": "설날 연휴",
    "2025-03-03": "삼일절 대체공휴일",
    "2025-05-06": "부처님오신날 대체공휴일",
    "2025-06-03": "대통령 선거일",
    "2025-10-05": "추석 연휴",
    "2025-10-06": "추석",
    "2025-10-07": "추석 연휴",
    "2025-10-08": "추석 대체공휴일",
    "2026-02-16": "설날 연휴",
    "2026-02-17": "설날",
    "2026-02-18": "설날 연휴",
    "2026-03-02": "삼일절 대체공휴일",
    "2026-05-24": "부처님오신날",
    "2026-05-25": "부처님오신날 대체공휴일",
    "2026-06-03": "지방선거일",
    "2026-08-17": "광복절 대체공휴일",
    "2026-09-24": "추석 연휴",
    "2026-09-25": "추석",
    "2026-09-26": "추석 연휴",
    "2026-10-05": "개천절 대체공휴일",
    "2027-02-06": "설날 연휴",
    "2027-02-07": "설날",
    "2027-02-08": "설날 연휴",
    "2027-02-09": "설날 대체공휴일",
    "2027-05-03": "노동절 대체공휴일",
    "2027-05-13": "부처님오신날",
    "2027-07-19": "제헌절 대체공휴일",
    "2027-08-16": "광복절 대체공휴일",
    "2027-09-14": "추석 연휴",
    "2027-09-15": "추석",
    "2027-09-16": "추석 연휴",
    "2027-10-04": "개천절 대체공휴일",
    "2027-10-11": "한글날 대체공휴일",
    "2027-12-27": "성탄절 대체공휴일",
}


def holiday(day: date) -> str | None:
    """The name of the public holiday on a day, None on other days."""
    fixed = _FIXED.get((day.month, day.day))
    if fixed is None and day.year >= 2026:
        fixed = _SINCE_2026.get((day.month, day.day))
    return fixed or _MOVING.get(day.isoformat())
