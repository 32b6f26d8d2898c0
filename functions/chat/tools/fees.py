"""Fees for bulky waste by municipality, each table with its source. `functions/chat/data/fees.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_DATA: Final = Path(__file__).resolve().parent.parent / "data" / "fees.json"
_ALSO: Final = {
    "티비": "텔레비전",
    "TV": "텔레비전",
    "tv": "텔레비전",
    "여행가방": "캐리어",
    "여행용 가방": "캐리어",
}


@dataclass(frozen=True, slots=True)
class Fee:
    """What a thing of a size costs."""

    thing: str
    size: str
    won: int


@dataclass(frozen=True, slots=True)
class FeeTable:
    """What a municipality publishes; `month` is when it was read there (YYYY-MM)."""

    region: str
    title: str
    url: str
    month: str
    fees: tuple[Fee, ...]

    def of(self, text: str) -> list[Fee]:
        """The fees of the thing that a text names first; of names at one place the longest counts."""
        for word, thing in _ALSO.items():
            text = text.replace(word, thing)
        named = {fee.thing for fee in self.fees if fee.thing in text}
        first = min(named, key=lambda thing: (text.index(thing), -len(thing)), default=None)
        return [fee for fee in self.fees if fee.thing == first]


@cache
def tables() -> dict[str, FeeTable]:
    """All tables by the whole name of their region, read once a process."""
    return {
        row["region"]: FeeTable(
            region=row["region"], fees=tuple(Fee(*fee) for fee in row["fees"]), **row["source"]
        )
        for row in json.loads(_DATA.read_bytes())["tables"]
    }
