"""Samples for a first look at the map: nowhere is such a place, and each of them says so."""

from __future__ import annotations

from typing import Final

from functions.locations.geometry import Position
from functions.locations.hours import DayHours, OpeningHours
from functions.locations.layouts import NewSite

ADDRESS: Final = "예시 주소 (실제 장소가 아니에요)"
INTRODUCTION: Final = "지도를 미리 보여 드리려고 넣은 예시예요. 실제로는 없는 곳이니 찾아가지 마세요."
_OFFICE: Final = OpeningHours(
    (*[DayHours(((540, 1080),))] * 5, DayHours(()), DayHours(()), DayHours(()))  # 9 to 18 on weekdays
)
_ALWAYS: Final = OpeningHours((DayHours(((0, 1440),)),) * 8)


def _sample(
    number: int,
    name: str,
    latitude: float,
    longitude: float,
    store: str,
    pickups: tuple[str, ...],
    hours: OpeningHours,
) -> NewSite:
    return NewSite(
        source="keco" if store == "public_dropbox" else "zerowaste",
        source_key=f"sample-{number}",
        name=f"[예시] {name}",
        position=Position(latitude, longitude),
        store_category=store,
        pickup_categories=pickups,
        road_address=ADDRESS,
        introduction=INTRODUCTION,
        hours=hours,
    )


_PET: Final = ("clear_pet", "can")
SAMPLES: Final = (
    _sample(1, "투명페트병·캔 무인 회수기", 37.5665, 126.9780, "public_dropbox", _PET, _ALWAYS),
    _sample(2, "자원순환가게", 37.5702, 126.9921, "public_dropbox", (*_PET, "paper", "plastic"), _OFFICE),
    _sample(3, "리필 상점", 37.5563, 126.9723, "refill_zero", (), _OFFICE),
    _sample(4, "새활용 공방", 37.5796, 126.9770, "upcycle_recycle", ("textile", "glass"), _OFFICE),
    _sample(5, "무인 회수기", 35.1798, 129.0750, "public_dropbox", _PET, _ALWAYS),
    _sample(6, "무인 회수기", 35.8714, 128.6014, "public_dropbox", _PET, _ALWAYS),
    _sample(7, "무인 회수기", 36.3504, 127.3845, "public_dropbox", _PET, _ALWAYS),
    _sample(8, "무인 회수기", 35.1600, 126.8514, "public_dropbox", _PET, _ALWAYS),
)
