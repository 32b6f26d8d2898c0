"""Migrations are applied once, in order, and never changed afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from embedded.servers.postgres import Postgres
from schemas import migrate


@pytest.fixture
def empty_url(postgres: Postgres) -> str:
    """A database without any table."""
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS empty_of_migrations WITH (FORCE)")
        connection.execute("CREATE DATABASE empty_of_migrations")
    return postgres.database_url("empty_of_migrations")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two migrations of our own."""
    (tmp_path / "001_first.sql").write_text("CREATE TABLE things (id int PRIMARY KEY)")
    (tmp_path / "002_second.sql").write_text("INSERT INTO things VALUES (1)")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_each_is_applied_once_and_in_order(empty_url: str) -> None:
    assert migrate.migrate(empty_url) == ["001_first.sql", "002_second.sql"]
    assert migrate.migrate(empty_url) == []


@pytest.mark.usefixtures("folder")
def test_of_many_at_once_one_applies_them(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as several:
        applied = [names for names in several.map(migrate.migrate, [empty_url] * 4) if names]
    assert applied == [["001_first.sql", "002_second.sql"]]


def test_one_that_was_changed_after_it_ran_is_refused(empty_url: str, folder: Path) -> None:
    migrate.migrate(empty_url)
    (folder / "001_first.sql").write_text("CREATE TABLE others (id int PRIMARY KEY)")
    with pytest.raises(migrate.ChangedMigration, match=r"001_first\.sql was changed after it ran"):
        migrate.migrate(empty_url)


def test_one_that_fails_leaves_nothing_and_is_tried_again(empty_url: str, folder: Path) -> None:
    (folder / "003_third.sql").write_text("INSERT INTO things VALUES (2); INSERT INTO things VALUES (2)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        migrate.migrate(empty_url)
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("SELECT id FROM things").fetchall() == [(1,)]
    (folder / "003_third.sql").write_text("INSERT INTO things VALUES (2)")
    assert migrate.migrate(empty_url) == ["003_third.sql"]


def test_the_program_tells_what_it_applied_or_what_it_needs(empty_url: str) -> None:
    command = [sys.executable, "-m", "schemas.migrate"]
    clean = {name: value for name, value in os.environ.items() if name != "ECO2_DATABASE_URL"}
    lost = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=60, check=False)
    assert lost.returncode == 1
    assert "give the database URL as argument or as ECO2_DATABASE_URL" in lost.stderr
    told = subprocess.run(
        command,
        env={**clean, "ECO2_DATABASE_URL": empty_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told.stdout.splitlines()[0] == "applied 001_ops.sql"
