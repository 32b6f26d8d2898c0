"""Cursors of keyset pagination."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.runtime import Invalid
from functions.runtime.cursor import Cursor


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_survives_its_text(at: datetime, id: UUID) -> None:
    text = str(Cursor(at, id))
    assert Cursor.parse(text) == (at, id)
    assert text.replace("-", "").replace("_", "").isalnum()


def test_no_cursor_is_the_first_page() -> None:
    assert Cursor.parse(None) is None


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "페트병",
        "=",
        encoded("2026-03-01T09:15:00+00:00"),
        encoded("2026-03-01T09:15:00|6e8bc430-9c3a-11d9-9669-0800200c9a66"),
        encoded("yesterday|6e8bc430-9c3a-11d9-9669-0800200c9a66"),
        encoded("2026-03-01T09:15:00+00:00|7"),
    ],
)
def test_what_is_no_cursor_of_ours_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        Cursor.parse(text)
    assert refused.value.code == "INVALID_CURSOR"
