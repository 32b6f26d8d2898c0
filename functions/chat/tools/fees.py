"""Fees for bulky waste by municipality, each table with its source. `functions/chat/data/fees.json`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_DATA: Final = Path(__file__).resolve().parent.parent / "data" / "fees.json"
_ALSO: Final = {
    "침대 매트리스": "매트리스",
    "침대매트리스": "매트리스",
    "TV받침대": "거실장",
    "TV 받침대": "거실장",
    "티비장": "거실장",
    "TV장": "거실장",
    "텔레비젼": "텔레비전",
    "티비": "텔레비전",
    "TV": "텔레비전",
    "여행가방": "캐리어",
    "여행용 가방": "캐리어",
    "쇼파": "소파",
    "옷장": "장롱",
    "장농": "장롱",
    "에어콘": "에어컨",
    "런닝머신": "러닝머신",
    "카페트": "카펫",
}
"""How people call what the tables name, longer names before those that they hold."""


@dataclass(frozen=True, slots=True)
class Fee:
    """What a thing of a size costs."""

    thing: str
    size: str
    won: int


@dataclass(frozen=True, slots=True)
class FeeTable:
    """What a municipality publishes; `month` (YYYY-MM) is of when it is where it is `dated`, else when it was read."""

    region: str
    title: str
    url: str
    month: str
    dated: bool
    fees: tuple[Fee, ...]

    def of(self, text: str) -> list[Fee]:
        """The fees of the thing that a text names first; of names at one place the longest counts.

        A name counts where a word begins: a massage chair (안마의자) is no chair (의자), and costs another fee.
        """
        text = text.upper()
        for word, thing in _ALSO.items():
            text = text.replace(word, thing)
        begins = {
            thing: match.start()
            for thing in {fee.thing for fee in self.fees}
            if (match := re.search(rf"(?<![가-힣]){thing}", text))
        }
        first = min(begins, key=lambda thing: (begins[thing], -len(thing)), default=None)
        return [fee for fee in self.fees if fee.thing == first]


def table_of(region: str) -> FeeTable | None:
    """The table of a region; a district of a city that has no fees of its own (성남시 분당구) has its city's."""
    return tables().get(region) or tables().get(region.rpartition(" ")[0])


@cache
def tables() -> dict[str, FeeTable]:
    """All tables by the whole name of their region, read once a process."""
    return {
        row["region"]: FeeTable(
            region=row["region"], fees=tuple(Fee(*fee) for fee in row["fees"]), **row["source"]
        )
        for row in json.loads(_DATA.read_bytes())["tables"]
    }
