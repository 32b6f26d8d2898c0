"""How municipalities collect household waste (행정안전부 생활쓰레기배출정보, data.go.kr `household_waste_info`).

Parameters, columns and a whole answer were compared in 2026-11 with published descriptions of the service, not with the
service: `returnType`, `cond[SGG_NM::LIKE]`, at most 100 rows a page, result code `0` or `00`, `CTPV_NM`, `SGG_NM`,
`MNG_DEPT_NM`, `MNG_DEPT_TELNO`, `DAT_CRTR_YMD`, and `TMPRY_BULK_WASTE_EMSN_MTHD` and `_PLC`. Those two are said to be
of much waste at once (일시적 다량폐기물), which municipalities fill in with how bulky waste is handed over, with bags,
or with 별도안내: they are told as what they are, and not where they say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

from functions.chat.tools.outside_json import PublicData
from functions.chat.tools.settings import ToolSettings
from functions.runtime.outside import OutsideFailure

if TYPE_CHECKING:
    from redis.asyncio import Redis

ROWS: Final = 50
KEEP_S: Final = 24 * 3600
LONGEST: Final = 300
_SAYS_NOTHING: Final = frozenset({"별도안내", "별도 안내", "없음", "해당없음", "해당 없음", "-"})


@dataclass(frozen=True, slots=True)
class CollectionNotice:
    """What one municipality says of much waste at once, and whom to ask; empty where it says nothing."""

    municipality: str
    method: str
    place: str
    department: str
    phone: str
    as_of: str


class Mois:
    """The service's client. Raises OutsideFailure."""

    def __init__(self, settings: ToolSettings, redis: Redis) -> None:
        self._settings = settings
        self._data = PublicData("mois", redis, timeout_s=settings.public_data_timeout_s, keep_s=KEEP_S)

    @property
    def configured(self) -> bool:
        """Whether there is a key for it."""
        return bool(self._settings.mois_key.get_secret_value())

    async def notice(self, region: str) -> CollectionNotice | None:
        """What the municipality of this name (서울특별시 강남구) says; None where it is not listed."""
        province, _, municipality = region.rpartition(" ")
        url = f"{self._settings.mois_url}/1741000/household_waste_info/info"
        parameters = {
            "pageNo": "1",
            "numOfRows": str(ROWS),
            "returnType": "JSON",
            "cond[SGG_NM::LIKE]": municipality,
        }
        key = {"serviceKey": self._settings.mois_key.get_secret_value()}
        body = await self._data.get(url, parameters, secret_parameters=key)
        rows = [_row(item) for item in _items(body)]
        await self._data.keep(url, parameters, body)
        for row in rows:
            # Several districts are called 중구: the province has to be told and to be the same.
            named = row.get("sggnm", "")
            told = f"{row.get('ctpvnm', '')} {named}".strip()
            if named.endswith(municipality) and (region in (told, named) or not province):
                return CollectionNotice(
                    municipality=region,
                    method=_told(row.get("tmprybulkwasteemsnmthd", "")),
                    place=_told(row.get("tmprybulkwasteemsnplc", "")),
                    department=row.get("mngdeptnm", ""),
                    phone=row.get("mngdepttelno", ""),
                    as_of=row.get("datcrtrymd", ""),
                )
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._data.close()


def _items(body: bytes) -> list[Any]:
    try:
        answer = from_json(body)["response"]
        code = str(answer["header"]["resultCode"])
        if code not in ("0", "00"):
            raise OutsideFailure(f"result {code[:8]}")
        items = (answer["body"].get("items") or {}).get("item") or []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutsideFailure(f"unreadable answer: {type(error).__name__}") from None
    return items if isinstance(items, list) else [items]


def _told(text: str) -> str:
    return "" if text in _SAYS_NOTHING else text


def _row(item: Any) -> Mapping[str, str]:
    """A row by its columns without case and underscores: the service spells them in two ways."""
    if not isinstance(item, dict):
        return {}
    return {
        str(name).replace("_", "").lower(): " ".join(str(value).split())[:LONGEST]
        for name, value in item.items()
        if value is not None
    }
