"""Layouts of public files of places, and what a row of each says.

`keco`: recycling compensation sites of the Korea Environment Corporation (한국환경공단), CSV. `zerowaste`: shops
without waste as the Smart Seoul Map (map.seoul.go.kr) publishes the contents of a theme, CSV or JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from functions.locations.geometry import Position
from functions.locations.hours import DayHours, OpeningHours, parsed

Row = Mapping[str, str]
_SOUTH_KOREA: Final = ((33.0, 38.7), (124.5, 132.0))
"""Degrees of latitude and longitude, from Marado to the northern border, from Baengnyeongdo to Dokdo."""
_NOTHING: Final = frozenset({"", "없음", "-", "null", "None"})
_PHONE: Final = re.compile(r"(02|0\d{2})[-)\s]*(\d{3,4})-?\s*(\d{4})|(1[5-9]\d{2})-?(\d{4})")
_WEB: Final = re.compile(r"https?://[^\s)(<>\"']+")
_DAYS: Final = ("mon", "tues", "wed", "thur", "fri", "sat", "sun", "lhldy")
LONGEST: Final = 2_000
"""Characters of an introduction or of items; more is cut."""


@dataclass(frozen=True, slots=True)
class NewSite:
    """A place that a file tells of. `source_key` is what tells it from the others of its source."""

    source: str
    source_key: str
    name: str
    position: Position
    store_category: str
    pickup_categories: tuple[str, ...]
    road_address: str | None = None
    lot_address: str | None = None
    phone: str | None = None
    place_url: str | None = None
    collection_items: str | None = None
    introduction: str | None = None
    hours: OpeningHours | None = None


class RowRejected(ValueError):
    """A row tells of no place that can be shown; the message says why."""


@dataclass(frozen=True, slots=True)
class FileLayout:
    """A layout: the columns by which it is known, and how a row is read; notes say what was left out of it."""

    name: str
    columns: frozenset[str]
    read: Callable[[Row], tuple[NewSite, list[str]]]


def keco(row: Row) -> tuple[NewSite, list[str]]:
    """A recycling compensation site. Raises RowRejected."""
    hours, notes = _hours(row)
    items = _text(row, "clctItemCn")
    site = NewSite(
        source="keco",
        source_key=_needed(row, "positnSn"),
        name=_needed(row, "positnNm"),
        position=position(row, "positnPstnLat", "positnPstnLot"),
        store_category="public_dropbox",
        pickup_categories=pickups(items or ""),
        road_address=_line(row, "positnRdnmAddr"),
        lot_address=_line(row, "positnLotnoAddr"),
        phone=phone(row.get("rprsTelnoCn", ""), row.get("indivTelnoCn", ""), row.get("bscTelnoCn", "")),
        place_url=_web(row, "lnkgHmpgUrlAddr"),
        collection_items=items,
        introduction=_text(row, "positnIntdcCn"),
        hours=hours,
    )
    return site, notes


def zerowaste(row: Row) -> tuple[NewSite, list[str]]:
    """A shop without waste. Raises RowRejected."""
    name = _needed(row, "COT_CONTS_NAME")
    words = " ".join((name, row.get("SUB_CATE_NAME", ""), row.get("COT_KW", "")))
    site = NewSite(
        source="zerowaste",
        source_key=_needed(row, "COT_CONTS_ID"),
        name=name,
        position=position(row, "COT_COORD_Y", "COT_COORD_X"),
        store_category=store(words),
        pickup_categories=(),
        road_address=_line(row, "COT_ADDR_FULL_NEW"),
        lot_address=_line(row, "COT_ADDR_FULL_OLD"),
        phone=phone(row.get("COT_TEL_NO", "")),
        place_url=_web(row, "COT_EXTRA_DATA_01") or _web(row, "COT_LINK_URL"),
    )
    return site, []


LAYOUTS: Final = (
    FileLayout("keco", frozenset({"positnSn", "positnNm", "positnPstnLat", "positnPstnLot"}), keco),
    FileLayout(
        "zerowaste", frozenset({"COT_CONTS_ID", "COT_CONTS_NAME", "COT_COORD_X", "COT_COORD_Y"}), zerowaste
    ),
)


def position(row: Row, latitude: str, longitude: str) -> Position:
    """Where the row's place is. Raises RowRejected for what is no number or not in South Korea."""
    degrees = []
    for column, (least, most) in zip((latitude, longitude), _SOUTH_KOREA, strict=True):
        text = row.get(column, "").strip()
        if not text:
            raise RowRejected(f"{column} is empty")
        try:
            number = float(text)
        except ValueError:
            raise RowRejected(f"{column} is not a number: {text[:40]!r}") from None
        if not least <= number <= most:
            raise RowRejected(f"{column} is not in South Korea: {text[:40]}")
        degrees.append(number)
    return Position(*degrees)


def pickups(items: str) -> tuple[str, ...]:
    """The kinds of waste that a list of items names; () where nothing is named."""
    found = tuple(kind for kind, pattern in _PICKUPS.items() if pattern.search(items))
    return found or (("general",) if items.strip() else ())


def store(words: str) -> str:
    """The kind of shop that a name and keywords speak of."""
    return next((kind for kind, pattern in _STORES.items() if pattern.search(words)), "general")


def phone(*texts: str) -> str | None:
    """The first telephone number in any of these texts, in its usual spelling."""
    for text in texts:
        if found := _PHONE.search(text):
            return "-".join(part for part in found.groups() if part)
    return None


def _hours(row: Row) -> tuple[OpeningHours | None, list[str]]:
    days: list[DayHours | None] = []
    notes: dict[str, None] = {}  # once for all days with the same text
    for name in _DAYS:
        text = row.get(f"{name}SalsHrExplnCn", "").strip()
        if "계약종료" in text:
            raise RowRejected("it is no longer run (계약종료)")
        day, understood = parsed(text)
        days.append(day)
        if not understood:
            notes[f"opening hours are read only in part: {''.join(text.split())[:60]!r}"] = None
    return (OpeningHours(tuple(days)) if any(days) else None), list(notes)


def _needed(row: Row, column: str) -> str:
    text = _line(row, column)
    if text is None:
        raise RowRejected(f"{column} is empty")
    if len(text) > 200:
        raise RowRejected(f"{column} is longer than 200 characters")
    return text


def _line(row: Row, column: str) -> str | None:
    text = " ".join(row.get(column, "").replace("\0", " ").split())
    return None if text in _NOTHING else text[:LONGEST]


def _text(row: Row, column: str) -> str | None:
    lines = (" ".join(line.replace("\0", " ").split()) for line in row.get(column, "").splitlines())
    text = "\n".join(filter(None, lines))
    return None if text in _NOTHING else text[:LONGEST]


def _web(row: Row, column: str) -> str | None:
    found = _WEB.search(row.get(column, ""))
    return found[0][:LONGEST] if found else None


# As the lists of items are really written, with their slips (`투명패트병`, `투명페트명`).
_PICKUPS: Final = {
    "clear_pet": re.compile(r"(무색|투명)\s*(페트|패트|PET|pet)"),
    "colored_pet": re.compile(r"유색\s*(혼합)?\s*(페트|패트|PET|pet)|PET\(유색\)"),
    "can": re.compile(r"캔|알루미늄|고철|(?<![가-힣])철(?![가-힣])"),
    "paper": re.compile(r"종이|신문|서적|우유팩|책|골판지"),
    "plastic": re.compile(
        r"플라스틱|플리스틱|(?<![A-Za-z])(PE|PP|PS|other|OTHER|others)(?![A-Za-z])|용기|판페트|판PET"
    ),
    "glass": re.compile(r"유리|소주병|맥주병|갈색|녹색병|공병"),
    "textile": re.compile(r"의류|헌옷|섬유"),
    "electronics": re.compile(r"가전|전자|휴대폰|핸드폰|전지|배터리"),
}
_STORES: Final = {
    "refill_zero": re.compile(r"리필|제로\s*웨이스트|소분|무포장|zero\s*waste|refill", re.IGNORECASE),
    "vegan_dining": re.compile(r"비건|채식|식당|레스토랑|vegan", re.IGNORECASE),
    "cafe_bakery": re.compile(r"카페|커피|베이커리|빵|디저트|cafe|coffee|bakery", re.IGNORECASE),
    "upcycle_recycle": re.compile(r"업사이클|새활용|재활용|재사용|아름다운가게|굿윌|upcycl", re.IGNORECASE),
    "book_workshop": re.compile(r"책방|서점|서가|도서|공방|book", re.IGNORECASE),
    "lodging": re.compile(r"호텔|숙소|숙박|게스트하우스|스테이|hotel", re.IGNORECASE),
    "market_mart": re.compile(r"마켓|마트|시장|생협|한살림|슈퍼|market|mart", re.IGNORECASE),
}
