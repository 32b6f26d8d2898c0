"""Reading public files of places: what is taken, what is rejected and why."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest

from functions.locations import importing
from functions.locations.geometry import Position
from functions.locations.hours import DayHours
from functions.locations.importing import FileRejected, RowFinding, read
from functions.locations.layouts import phone, pickups, store

REAL = Path(__file__).resolve().parents[4] / "shared/data/keco_recycle_compensation_sites.csv"
ROW = {
    "positnSn": "7",
    "positnNm": "행복동 행정복지센터",
    "positnRdnmAddr": "예시로 1",
    "positnLotnoAddr": "없음",
    "positnPstnLat": "37.5",
    "positnPstnLot": "127.0",
    "positnIntdcCn": " 첫 줄 \n\n 둘째 줄 ",
    "rprsTelnoCn": "031-123-4567",
    "clctItemCn": "투명페트병\n캔",
    "monSalsHrExplnCn": "09:00 ~ 18:00",
    "sunSalsHrExplnCn": "휴무",
    "lnkgHmpgUrlAddr": "누리집(https://example.go.kr/a)",
}


def written(folder: Path, *rows: dict[str, str], encoding: str = "utf-8") -> Path:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(ROW))
    writer.writeheader()
    writer.writerows([{**ROW, **row} for row in rows])
    path = folder / "sites.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def test_a_row_becomes_a_place(tmp_path: Path) -> None:
    (site,) = read(written(tmp_path, {})).sites
    assert (site.source, site.source_key, site.name) == ("keco", "7", "행복동 행정복지센터")
    assert site.position == Position(37.5, 127.0)
    assert (site.road_address, site.lot_address) == ("예시로 1", None)
    assert (site.store_category, site.pickup_categories) == ("public_dropbox", ("clear_pet", "can"))
    assert (site.phone, site.place_url) == ("031-123-4567", "https://example.go.kr/a")
    assert (site.introduction, site.collection_items) == ("첫 줄\n둘째 줄", "투명페트병\n캔")
    assert site.hours is not None
    assert site.hours.days == (DayHours(((540, 1080),)), *[None] * 5, DayHours(()), None)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"positnPstnLat": ""}, "positnPstnLat is empty"),
        ({"positnPstnLat": "37.45?"}, "positnPstnLat is not a number: '37.45?'"),
        ({"positnPstnLat": "nan"}, "positnPstnLat is not in South Korea: nan"),
        ({"positnPstnLat": "4.59"}, "positnPstnLat is not in South Korea: 4.59"),
        ({"positnPstnLot": "-127"}, "positnPstnLot is not in South Korea: -127"),
        ({"positnNm": " "}, "positnNm is empty"),
        ({"positnNm": "가" * 201}, "positnNm is longer than 200 characters"),
        ({"positnSn": "-"}, "positnSn is empty"),
        ({"monSalsHrExplnCn": "계약종료"}, "it is no longer run (계약종료)"),
        ({"positnSn": "6"}, "its number 6 is that of line 2"),
    ],
)
def test_a_row_without_a_place_is_rejected_with_line_and_reason(
    tmp_path: Path, row: dict[str, str], why: str
) -> None:
    found = read(written(tmp_path, {"positnSn": "6", "positnIntdcCn": "", "clctItemCn": ""}, row))
    assert (found.rows, len(found.sites), found.rejected) == (2, 1, [RowFinding(3, why)])


def test_hours_that_are_read_in_part_are_told_once_a_text(tmp_path: Path) -> None:
    season = {
        "monSalsHrExplnCn": "10시~22시 (하절기 23시까지)",
        "sunSalsHrExplnCn": "10시~22시 (하절기 23시까지)",
    }
    found = read(written(tmp_path, season))
    assert found.notes == [RowFinding(2, "opening hours are read only in part: '10시~22시(하절기23시까지)'")]


def test_files_of_either_korean_encoding_are_read(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "cp949"):
        assert read(written(tmp_path, {}, encoding=encoding)).sites[0].name == "행복동 행정복지센터"


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"body": rows}])
def test_a_theme_of_the_smart_seoul_map_is_read(tmp_path: Path, wrap: object) -> None:
    rows = [
        {
            "COT_CONTS_ID": "a1",
            "COT_CONTS_NAME": "동네 리필 카페",
            "COT_COORD_X": "126.9",
            "COT_COORD_Y": 37.5,
            "COT_ADDR_FULL_NEW": "예시로 2",
            "COT_TEL_NO": "0212345678",
            "COT_KW": None,
        },
        {"COT_CONTS_ID": "a2", "COT_CONTS_NAME": "", "COT_COORD_X": "126.9", "COT_COORD_Y": "37.5"},
    ]
    path = tmp_path / "theme.json"
    path.write_text(json.dumps(wrap(rows)))  # type: ignore[operator]
    found = read(path)
    assert (found.layout, found.rows, found.kinds) == ("zerowaste", 2, {"refill_zero": 1})
    assert (found.sites[0].phone, found.sites[0].road_address) == ("02-1234-5678", "예시로 2")
    assert found.rejected == [RowFinding(2, "COT_CONTS_NAME is empty")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no rows"),
        (b"positnSn,positnNm\n", "no rows"),
        (b"a,b\n1,2\n", "no known layout"),
        (b"\xff\xfe\x81", "neither in UTF-8 nor in CP949"),
        (b'{"body": 3}', "neither a list of rows"),
        (b"[1]", "neither a list of rows"),
        (b"[{]", "is none"),
        (b'a,b\n"' + b"x" * 70_000 + b'",2\n', "line 2: field larger"),
    ],
)
def test_a_file_that_is_none_is_rejected_as_a_whole(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FileRejected, match=why):
        read(path)


def test_a_file_too_large_or_not_there_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileRejected, match="can't be read"):
        read(tmp_path / "nowhere")
    monkeypatch.setattr(importing, "MAX_BYTES", 10)
    with pytest.raises(FileRejected, match="larger than"):
        read(written(tmp_path, {}))


@pytest.mark.parametrize(
    ("items", "kinds"),
    [
        ("", ()),
        ("투명패트병\n캔", ("clear_pet", "can")),
        ("투명페트명", ("clear_pet",)),
        (
            "(플라스틱류)\n무색페트병\n유색 PET\nPE\n(캔류)\n철",
            ("clear_pet", "colored_pet", "can", "plastic"),
        ),
        ("소주병\n맥주병\n의류\n폐건전지\n종이팩", ("paper", "glass", "textile", "electronics")),
        ("비닐", ("general",)),
        ("PET(유색)", ("colored_pet",)),
    ],
)
def test_kinds_of_waste_are_known_from_the_items(items: str, kinds: tuple[str, ...]) -> None:
    assert pickups(items) == kinds


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("알뜰 제로웨이스트 카페", "refill_zero"),
        ("비건 베이커리", "vegan_dining"),
        ("숲 커피", "cafe_bakery"),
        ("새활용 공방", "upcycle_recycle"),
        ("느린 책방", "book_workshop"),
        ("초록 게스트하우스", "lodging"),
        ("두레 생협", "market_mart"),
        ("나무네", "general"),
    ],
)
def test_kinds_of_shops_are_known_from_their_names(words: str, kind: str) -> None:
    assert store(words) == kind


@pytest.mark.parametrize(
    ("texts", "number"),
    [
        (("", "없음"), None),
        (("063-2706613",), "063-270-6613"),
        (("", "관리업체(1600-6217)"), "1600-6217"),
        (("031-8075-2706~2708\n고양시청",), "031-8075-2706"),
        (("850-6921(자원순환과)",), None),
    ],
)
def test_telephone_numbers_are_found_among_words(texts: tuple[str, ...], number: str | None) -> None:
    assert phone(*texts) == number


@pytest.mark.skipif(not REAL.is_file(), reason="../shared is not there")
def test_the_real_file_is_read() -> None:
    found = read(REAL)
    assert (found.layout, found.rows, len(found.sites)) == ("keco", 409, 393)
    reasons = Counter(finding.why.partition(":")[0] for finding in found.rejected)
    assert reasons == {
        "positnPstnLat is empty": 9,
        "positnPstnLat is not in South Korea": 3,
        "positnPstnLat is not a number": 1,
        "positnPstnLot is not a number": 1,
        "it is no longer run (계약종료)": 2,
    }
    assert [finding.line for finding in found.notes] == [2032]
    assert all(site.hours for site in found.sites)
