"""The weather in words: now, in the next hours, tomorrow; and what rain means for what is put out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from functions.chat.tools.kma import SEOUL, HourOfWeather
from functions.scan.korean import with_particle

TIP = "종이류와 종이팩은 젖으면 재활용이 어려우니 비나 눈이 그친 뒤에 내놓으세요."
DAYS = (("모레", 2), ("내일", 1))


def day_of(query: str) -> int:
    """How many days ahead a question is about."""
    return next((ahead for word, ahead in DAYS if word in query), 0)


def rain_ahead(hours: Sequence[HourOfWeather]) -> HourOfWeather | None:
    """The first hour in which something falls."""
    return next((hour for hour in hours if hour.rain), None)


def told(place: str, now: HourOfWeather | None, hours: Sequence[HourOfWeather]) -> str:
    """The weather of today at a place."""
    lines = []
    if now and now.temperature is not None:
        falling = _falling(now.rain) if now.rain else "비나 눈은 내리지 않아요"
        lines.append(f"지금 {place} 기온은 {_degrees(now.temperature)}이고 {falling}.")
    rain = rain_ahead(hours)
    if rain:
        lines.append(f"{_clock(rain.at)}쯤 {rain.rain} 예보가 있어요.")
    elif hours:
        lines.append(f"{_clock(hours[-1].at)}까지는 비나 눈 예보가 없어요.")
    if rain or (now and now.rain):
        lines.append(TIP)
    return " ".join(lines)


def told_of_day(place: str, hours: Sequence[HourOfWeather], today: datetime, ahead: int) -> str:
    """The weather of a day to come; empty where nothing is told of it."""
    day = (today.astimezone(SEOUL) + timedelta(days=ahead)).date()
    of_day = [hour for hour in hours if hour.at.date() == day]
    degrees = [hour.temperature for hour in of_day if hour.temperature is not None]
    if not degrees:
        return ""
    name = next(word for word, days in DAYS if days == ahead)
    lines = [f"{name} {place} 기온은 {_degrees(min(degrees))}에서 {_degrees(max(degrees))} 사이예요."]
    rain = rain_ahead(of_day)
    if rain:
        chance = f"(확률 {rain.chance}%)" if rain.chance else ""
        lines += [f"{_clock(rain.at)}쯤 {rain.rain} 예보{chance}가 있어요.", TIP]
    else:
        lines.append("비나 눈 예보는 없어요.")
    return " ".join(lines)


def _falling(rain: str) -> str:
    return _LIGHT.get(rain) or f"{with_particle(rain, '이', '가')} 내리고 있어요"


_LIGHT = {
    "빗방울": "빗방울이 떨어지고 있어요",
    "눈날림": "눈이 날리고 있어요",
    "빗방울이나 눈날림": "빗방울이 떨어지거나 눈이 날리고 있어요",
}


def _degrees(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0").replace("-", "영하 ") + "도"


def _clock(at: datetime) -> str:
    half, hour = ("오전", at.hour) if at.hour < 12 else ("오후", at.hour - 12)
    return f"{half} {hour or 12}시"
