"""Places as a list: those near by, and others than were told before where others are asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from functions.chat.graph.policies import found
from functions.chat.graph.state import Branch, Found
from functions.locations.entries import LocationEntry

SHOWN = 5
_LOOKED_AT = 20  # places from which those that were told are left out
_OTHERS = re.compile(
    r"(거기|그곳|그쪽|여기|저기|아까|방금)[가-힣]{0,2}\s*(말고|빼고|외에)|다른\s*(곳|데|가게|매장|장소|수거함)|또\s*(있|없)"
)
_Place = TypeVar("_Place")


def asks_others(branch: Branch) -> bool:
    """Whether other places are asked for than those of the answer before: 거기 말고 다른 곳은?"""
    return _OTHERS.search(branch["query"]) is not None and bool(branch["turn"].get("history"))


def wanted(branch: Branch) -> int:
    """How many places are looked for."""
    return _LOOKED_AT if asks_others(branch) else SHOWN


def untold(branch: Branch, places: Sequence[_Place], called: Callable[[_Place], str]) -> list[_Place]:
    """The places without those that stand in an answer before, where others are asked for."""
    if not asks_others(branch):
        return list(places)
    told = "\n".join(one["content"] for one in branch["turn"]["history"] if one["role"] == "assistant")
    return [one for one in places if called(one) not in told]


def listed(name: str, entries: list[LocationEntry], none: str) -> Found:
    """What the subagent `name` found: a line a place; the sentence `none` where there is none."""
    if not entries:
        return found(name, none)
    lines = ["가까운 곳을 찾았어요."]
    for number, one in enumerate(entries, 1):
        details = [one.road_address or "", _open(one), one.phone or ""]
        lines.append(f"{number}. {one.name} ({one.distance_text}) - {', '.join(filter(None, details))}")
    return found(name, "\n".join(lines), count=len(entries))


def _open(one: LocationEntry) -> str:
    if one.is_holiday:
        return "오늘은 쉬어요"
    if one.is_open is None:
        return ""
    hours = f" {one.start_time}~{one.end_time}" if one.start_time and one.end_time else ""
    return ("지금 열려 있어요" if one.is_open else "지금은 닫혀 있어요") + (
        f"({hours.strip()})" if hours else ""
    )
