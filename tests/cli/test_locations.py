"""`eco2 locations import`: a report, and then the places."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from cli.main import main

HEAD = "positnSn,positnNm,positnPstnLat,positnPstnLot,monSalsHrExplnCn\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sites.csv"
    path.write_text(
        HEAD
        + "1,예시 가게,37.5,127.0,10시~22시 (여름엔 더 늦게)\n2,예시 나눔터,,127.0,\n3,예시 터,37.6,127.0,휴무\n"
    )
    return path


def run(file: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["locations", "import", str(file), *options])


def test_a_dry_run_reports_and_needs_no_platform(file: Path, tmp_path: Path) -> None:
    result = run(file, "--dry-run", "--home", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert "layout keco: 3 rows, 2 places (public_dropbox 2)" in result.output
    assert "rejected: 1\n  line 3: positnPstnLat is empty" in result.output
    assert "read in part: 1\n  line 2: opening hours are read only in part" in result.output
    assert "nothing stored" in result.output


def test_places_are_stored_once(file: Path, postgres_url: str) -> None:
    first = run(file, "--database", postgres_url)
    assert first.exit_code == 0, first.output
    assert "stored: 2 new, 0 changed, 0 as they were" in first.output
    file.write_text(file.read_text().replace("예시 터", "예시 새터"))
    assert "stored: 0 new, 1 changed, 1 as they were" in run(file, "--database", postgres_url).output
    with psycopg.connect(postgres_url) as connection:
        names = connection.execute("SELECT name FROM locations.sites ORDER BY source_key").fetchall()
    assert names == [("예시 가게",), ("예시 새터",)]


def test_a_long_report_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text(HEAD + "".join(f"{number},예시,,,\n" for number in range(60)))
    result = run(path, "--dry-run")
    assert "rejected: 60" in result.output
    assert "  and 10 more" in result.output


def test_what_is_no_such_file_is_told(tmp_path: Path, file: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    result = run(other, "--dry-run")
    assert result.exit_code == 1
    assert "no known layout" in result.output
    unreachable = run(file, "--database", "postgresql://127.0.0.1:1/none?connect_timeout=1")
    assert unreachable.exit_code == 1
    assert "the database is not reachable" in unreachable.output
