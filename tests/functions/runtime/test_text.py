"""Text from people: one spelling, names that can be seen, ids in one form."""

from __future__ import annotations

import json
import unicodedata
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.runtime import Unprocessable
from functions.runtime.text import composed, identifier, named, shown

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab가é"), inner, max_size=3),
    max_leaves=10,
)


def equal_in_nfc(left: Any, right: Any) -> bool:
    return unicodedata.normalize("NFC", repr(left)) == unicodedata.normalize("NFC", repr(right))


@given(JSON)
def test_a_value_is_composed_or_refused(value: Any) -> None:
    if "\0" in json.dumps(value, ensure_ascii=False).replace("\\u0000", "\0"):
        return
    made = composed(value, "body")
    assert equal_in_nfc(made, value)
    assert composed(made, "body") == made


def test_what_is_wrong_is_told_with_its_place() -> None:
    with pytest.raises(Unprocessable) as caught:
        composed({"a": [{"b": "유리\0병"}]}, "body")
    assert caught.value.detail == "a.0.b: must not contain the character U+0000"
    assert caught.value.errors[0]["loc"] == ["body", "a", "0", "b"]
    with pytest.raises(Unprocessable, match="query: must not"):
        composed("\0", "query")
    with pytest.raises(Unprocessable, match="two spellings"):
        composed({"\u1100\u1161": 1, "가": 2}, "body")


@pytest.mark.parametrize(
    "name",
    [
        "숲지기",
        "Jean-Luc",
        "ㅋㅋ",
        "♻️",
        "❤️",
        "👨‍👩‍👧‍👦 네",
        "🏳️‍🌈",
        "👩🏽‍🚀",
        "1️⃣",
        "نور",
        "a b",
        "김　철",
        "ᄀᆞᆷ",
    ],
)
def test_names_that_can_be_seen_are_names(name: str) -> None:
    assert named(f"  {name}\u3000") == name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "   ",
            "\u3000",
            "\u200b\u200b",
            "\u3164",
            "\u115f\u1160",
            "\u2800",
            "\xad",
            "\ufeff",
            "\uffa0",
        ),
        *(
            "\u202e관리자",
            "관\u2067리자",
            "a\u200bb",
            "a\u200db",
            "a\0b",
            "a\nb",
            "a\x7fb",
            "a\u2028b",
            "\ue000",
        ),
        *("\u0301", "\u0301\u0302", "\ufe0f", "\u200d", "a\ud800", "a\U000e0041", "\U000e0100", "x\u034fy"),
    ],
)
def test_names_of_nothing_or_that_steer_what_shows_them_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must"):
        named(name)


@given(st.text(st.characters(categories=["Cf", "Cc", "Zs", "Zl", "Zp", "Cs"]), max_size=5))
def test_no_name_is_made_of_marks_that_show_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        named(text)


def test_of_a_files_name_stays_what_shows() -> None:
    assert shown("\u202egnp.사진\u200b 1\u202f.png\0 ") == "gnp.사진 1\u202f.png"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "٣" * 32,
        "urn:uuid:00000000-0000-4000-8000-000000000000",
        "{00000000-0000-4000-8000-000000000000}",
        "0" * 32,
        "00000000-0000-4000-8000-00000000000０",
        "00000000-0000-4000-8000-000000000000\n",
    ],
)
def test_an_id_has_one_form(text: str) -> None:
    assert identifier(text) is None
    assert identifier("6F1C0000-0000-4000-8000-000000000001") == UUID("6f1c0000-0000-4000-8000-000000000001")
