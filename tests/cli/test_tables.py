"""A table fits a wide terminal; in a narrow one each row is written over several lines."""

from __future__ import annotations

import re
import sys

import pytest

from cli import tables

ROWS = [("7c9e6679-7425-40de-944b-e07fc1f90ae7", "completed", None, "재활용폐기물 › 무색페트병")]
COLUMNS = ("job", "status", "created", "what")


@pytest.mark.parametrize("columns", [40, 80])
def test_nothing_is_cut_in_a_narrow_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    tables.show(COLUMNS, ROWS, empty="none")
    told = re.sub(r"\x1b\[\d+m", "", capsys.readouterr().out).splitlines()
    assert told == [ROWS[0][0], "  status: completed", "  what: 재활용폐기물 › 무색페트병"]


def test_a_wide_one_has_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    tables.show(COLUMNS, ROWS, empty="none")
    tables.show(COLUMNS, [], empty="none")
    told = capsys.readouterr().out
    assert "│ 7c9e6679-7425-40de-944b-e07fc1f90ae7 │ completed │" in told
    assert told.endswith("none\n")
