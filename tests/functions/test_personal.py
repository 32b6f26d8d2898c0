"""Every table that knows users is declared by its domain, and every domain deletes and tells what it holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from uuid import uuid4

import psycopg
import pytest

from functions.auth.events import UserDeleted
from functions.runtime import Resources
from functions.runtime.declaration import EventFunction
from functions.runtime.personal import PersonalData, everywhere
from functions.runtime.registry import load_all

KEPT = {"auth.deletions"}
"""Tells of a deletion until nothing can be on its way any more, then goes by itself."""
# Whose id a table holds is a column of this kind of name.
_KNOWING = """
SELECT DISTINCT table_schema || '.' || table_name FROM information_schema.columns
WHERE column_name ~ '(^|_)user(_?id)?$|^owner' AND table_schema NOT IN ('pg_catalog', 'information_schema')
"""


@pytest.fixture
async def resources(postgres_url: str, valkey_url: str) -> AsyncIterator[Resources]:
    stores = {f"ECO2_REDIS_{role}_URL": valkey_url for role in ("AUTH", "STATE")}
    opened = Resources({"ECO2_DATABASE_URL": postgres_url, **stores})
    yield opened
    await opened.close()


def declared() -> list[str]:
    return [table.name for held in everywhere() for table in held.tables]


def test_no_table_that_knows_users_is_undeclared(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        knowing = {row[0] for row in connection.execute(_KNOWING).fetchall()}
        references = connection.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        ).fetchall()
    assert "scan.jobs" in knowing, "the query finds what it looks for"
    assert knowing - set(declared()) - KEPT == set()
    below = {child for child, parent in references if parent in declared()}
    assert below - set(declared()) == set(), "a table below one of a user's holds data of that user"
    assert len(declared()) == len(set(declared()))


def test_every_domain_that_holds_something_hears_of_deletions() -> None:
    hearing = {f.domain for f in load_all() if isinstance(f, EventFunction) and f.on is UserDeleted}
    holding = {held.__module__.split(".")[1] for held in everywhere()}
    assert holding - hearing == {"ops"}, "what operations hold is deleted by sign-in, which may know of them"


def test_each_kind_of_thing_has_one_name_in_an_export() -> None:
    names = sorted(table.told_as for held in everywhere() for table in held.tables if table.told_as)
    assert all(one != other for one, other in pairwise(names))
    told = {table.name for held in everywhere() for table in held.tables if table.told_as}
    assert set(declared()) - told == {"chat.checkpoints"}, "it holds what the messages hold"


@pytest.mark.parametrize("held", everywhere(), ids=lambda held: held.__name__)
async def test_what_is_declared_exists_and_nobody_has_nothing(
    held: type[PersonalData], resources: Resources
) -> None:
    opened, nobody = await resources.get(held), str(uuid4())
    for table in held.tables:
        if table.told_as:
            assert [rows async for rows in opened.told(nobody, table.told_as)] == []
    await opened.forget(nobody)
