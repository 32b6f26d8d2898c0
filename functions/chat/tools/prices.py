"""Prices of recyclables by the survey of the Korea Environment Corporation, each with its region and month.

`functions/chat/data/prices.json`, or the file that ECO2_CHAT_PRICES names, in the same form.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

_DATA: Final = Path(__file__).resolve().parent.parent / "data" / "prices.json"


@dataclass(frozen=True, slots=True)
class SurveyedPrice:
    """Won a kilogram of one item in a region, as surveyed in a month (YYYY-MM)."""

    item: str
    material: str
    words: tuple[str, ...]
    region: str
    month: str
    won_per_kg: float


@dataclass(frozen=True, slots=True)
class PriceSurvey:
    """A survey: where it comes from and what it says; `deposit` is what bottles are taken back for."""

    survey: str
    url: str
    prices: tuple[SurveyedPrice, ...]
    deposit: str = ""

    @classmethod
    def load(cls, path: str = "") -> Self:
        """The survey at `path`, or the packaged one. Raises OSError, and ValueError naming the file."""
        text = Path(path or _DATA).read_text(encoding="utf-8")
        try:
            data = json.loads(text)
            prices = tuple(_price(row) for row in data["prices"])
            return cls(data["survey"], data["url"], prices, data.get("deposit", ""))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"price survey {path or _DATA.name}: {error!r}") from error

    def of(self, text: str, province: str | None) -> list[SurveyedPrice]:
        """The newest prices of what a text names first: of the province, or else the newest that there are."""
        words = {word for price in self.prices for word in price.words if word in text}
        first = min(words, key=lambda word: (text.index(word), -len(word)), default=None)
        return _newest([price for price in self.prices if first in price.words], province)


COUNTRY: Final = "전국 평균"
REGIONS: Final = {
    "서울특별시": "수도권",
    "인천광역시": "수도권",
    "경기도": "수도권",
    "강원특별자치도": "강원",
    "충청북도": "충북",
    "충청남도": "충남",
    "대전광역시": "충남",
    "세종특별자치시": "충남",
    "전북특별자치도": "전북",
    "전라남도": "전남",
    "광주광역시": "전남",
    "경상북도": "경북",
    "대구광역시": "경북",
    "경상남도": "경남",
    "부산광역시": "경남",
    "울산광역시": "경남",
}
"""The survey's eight regions by province; 제주 is in none."""


def _newest(prices: Sequence[SurveyedPrice], province: str | None) -> list[SurveyedPrice]:
    here = REGIONS.get(province or "", "")
    best: dict[str, SurveyedPrice] = {}
    for price in prices:
        there = best.get(price.item)
        if there is None or _rank(price, here) > _rank(there, here):
            best[price.item] = price
    return list(best.values())


def _rank(price: SurveyedPrice, here: str) -> tuple[bool, str, bool]:
    return price.region == here, price.month, price.region == COUNTRY


def _price(row: dict[str, Any]) -> SurveyedPrice:
    return SurveyedPrice(**(row | {"words": tuple(row["words"])}))
