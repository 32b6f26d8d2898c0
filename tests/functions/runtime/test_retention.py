"""Every table says how long its rows stay, and what goes by age is found by an index."""

from __future__ import annotations

from collections import Counter

import psycopg

from functions.runtime.retention import Expires, declared
from process.declared import declared as settings
from process.settings import rows


def tables(postgres_url: str) -> set[str]:
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables "
            "WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
    return {name for (name,) in found}


def test_every_table_is_declared_once(postgres_url: str) -> None:
    named = Counter(each.table for each in declared())
    assert {name for name, count in named.items() if count > 1} == set()
    assert {name for name in named if "(objects)" not in name} == tables(postgres_url)


def test_every_declaration_says_what_and_until_when() -> None:
    for each in declared():
        assert each.what
        if isinstance(each, Expires):
            assert isinstance(each.days, int) or each.days[1] in {f.name for f in rows(each.days[0]).values()}
            assert isinstance(each.days, int) or each.days[0] in settings()
        else:
            assert each.until


def test_what_goes_by_age_is_found_by_an_index(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        first = connection.execute(
            "SELECT i.indrelid::regclass::text, a.attname FROM pg_index i "
            "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        ).fetchall()
    assert {(each.table, each.since) for each in declared() if isinstance(each, Expires)} - set(
        first
    ) == set()
