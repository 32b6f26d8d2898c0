"""What kinds of place a question asks for: shops by what they are, boxes by what is thrown into them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

BULKY: Final = (
    "종량제봉투에 들어가지 않는 큰 물건은 대형폐기물로 신고해 주세요. 시·군·구 누리집이나 행정복지센터에서 신고하고 "
    "수수료를 낸 뒤, 신고 필증을 붙여 정한 날 정한 곳에 내놓으면 돼요. 냉장고나 세탁기 같은 가전은 폐가전 무상 방문 "
    "수거(1599-0903, 15990903.or.kr)를 먼저 알아보세요."
)
_SHOPS: Final = (
    (re.compile(r"리필|제로\s*웨이스트|소분|무포장"), ("refill_zero",), "제로웨이스트 가게"),
    (re.compile(r"카페|베이커리|빵집"), ("cafe_bakery",), "친환경 카페"),
    (re.compile(r"비건|채식"), ("vegan_dining",), "비건 식당"),
    (re.compile(r"업사이클|새활용|수선|수리"), ("upcycle_recycle",), "새활용 가게"),
    (re.compile(r"책방|서점|공방"), ("book_workshop",), "책방"),
    (
        re.compile(r"회수기|네프론|정거장|자원\s*순환|재활용\s*(센터|가게|샵)"),
        ("public_dropbox", "upcycle_recycle"),
        "재활용센터",
    ),
)


@dataclass(frozen=True, slots=True)
class BoxKind:
    """A kind of box: the item it is for, what it is called, and how one without a list of boxes is found.

    `keyword` finds places that usually have one, `note` says so, `ask` is who knows; `pickup` is the category of our
    own places that take the same.
    """

    name: str
    words: re.Pattern[str]
    item: str
    box: str
    keyword: str
    note: str
    ask: str
    pickup: str = ""


_OFFICE: Final = "수거함은 보통 행정복지센터(주민센터)에 있어요. 가기 전에 있는지 확인해 주세요."
_ASK: Final = "가까운 행정복지센터(주민센터)나 아파트 관리사무소에 물어보세요."
BOXES: Final = (
    BoxKind(
        "battery", re.compile(r"건전지|배터리|전지"), "건전지", "폐건전지 수거함", "행정복지센터", _OFFICE, _ASK
    ),
    BoxKind(
        "fluorescent_lamp", re.compile(r"형광등|전구|램프"), "형광등", "폐형광등 수거함", "행정복지센터",
        _OFFICE, _ASK,
    ),
    BoxKind(
        "phone", re.compile(r"휴대폰|핸드폰|스마트폰|폰"), "휴대폰", "소형 폐가전 수거함", "행정복지센터", _OFFICE,
        _ASK, "electronics",
    ),
    BoxKind(
        "medicine", re.compile(r"의약품|약"), "폐의약품", "폐의약품 수거함", "약국",
        "수거함이 있는지 먼저 전화로 확인해 주세요.", "가까운 약국이나 보건소, 행정복지센터에 물어보세요.",
    ),
    BoxKind(
        "clothes", re.compile(r"헌\s*옷|의류|옷|신발|가방"), "헌 옷", "의류수거함", "의류수거함",
        "", "아파트 관리사무소나 행정복지센터에 물어보세요.", "textile",
    ),
)  # fmt: skip


def kind_of(text: str) -> tuple[tuple[str, ...], str]:
    """The categories of shop that a text asks for, () for any, and what to search for."""
    for pattern, stores, keyword in _SHOPS:
        if pattern.search(text):
            return stores, keyword
    return (), "재활용센터"


def box_of(text: str) -> BoxKind | None:
    """The kind of box that a text asks for, the first one that it names."""
    found = [(match.start(), kind) for kind in BOXES if (match := kind.words.search(text))]
    return min(found, key=lambda pair: pair[0])[1] if found else None
