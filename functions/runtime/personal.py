"""Data of users: each domain declares its tables, from which come the deletion and the export of an account.

A domain's `personal.py` has one subclass of PersonalData, and the domain a function that calls its `forget` on
`eco2.user.deleted`. A test fails for a table with a column `user_id` that nobody declares.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from functions.runtime.registry import ROOT
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """A table with rows of users.

    told_as: its name in an export; told: the columns that a user is shown (SQL), none where the rows are only about how
    we work. of: the SQL condition for the rows of the user %(user)s.
    """

    name: str
    told_as: str = ""
    told: str = ""
    of: str = "user_id = %(user)s"


class PersonalData(Service):
    """The data that one domain holds of users; of `tables`, those that refer to others come before these."""

    tables: ClassVar[tuple[PersonalTable, ...]]

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        return cls(await resources.database())

    async def forget(self, user_id: str) -> None:
        """Delete every row of a user, all or none. Repeating it changes nothing. Raises Retry."""
        steps = [f"_{n} AS (DELETE FROM {t.name} WHERE {t.of})" for n, t in enumerate(self.tables)]  # noqa: S608 - declared above
        await self._database.run(f"WITH {', '.join(steps)} SELECT 1", {"user": user_id})

    async def told(self, user_id: str, name: str) -> AsyncIterator[list[str]]:
        """The rows of what an export calls `name`, as JSON objects, some at a time."""
        pool = await self._database.pool()
        for table in (table for table in self.tables if table.told_as == name):
            sql = (
                f"SELECT row_to_json(t)::text FROM (SELECT {table.told} FROM {table.name} WHERE {table.of}) t"  # noqa: S608
            )
            async with (
                pool.connection() as connection,
                connection.transaction(),
                connection.cursor(name="told") as cursor,
            ):
                await cursor.execute(sql.encode(), {"user": user_id})
                while found := await cursor.fetchmany(ROWS_AT_ONCE):
                    yield [row[0] for row in found]


@cache
def everywhere() -> tuple[type[PersonalData], ...]:
    """What all domains hold of users."""
    here = Path(__file__).parent.name
    domains = sorted(path.parent.name for path in ROOT.glob("*/personal.py"))
    return tuple(of_domain(domain) for domain in domains if domain != here)


@cache
def of_domain(domain: str) -> type[PersonalData]:
    """What a domain holds of users; imported when it is asked for, since domains don't know each other."""
    module = import_module(f"functions.{domain}.personal")
    found: type[PersonalData] = next(
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, PersonalData) and each.__module__ == module.__name__
    )
    return found
