"""The removal of what is kept for a time only, as the domains declare it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from functions.runtime import telemetry
from functions.runtime.resources import Service
from functions.runtime.retention import Expires, declared

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
BATCH = 500
ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Expiry(Service):
    """Expiry of rows: a bounded number of small statements a run, which no reader and no vacuum waits for."""

    database: Database
    days: Callable[[Expires], int]
    batch: int = BATCH
    rounds: int = ROUNDS

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database, with the settings of every domain."""

        def days(rule: Expires) -> int:
            return (
                rule.days
                if isinstance(rule.days, int)
                else getattr(resources.settings(rule.days[0]), rule.days[1])
            )

        return cls(await resources.database(), days)

    async def expire(self) -> None:
        """Remove what is due, each table in turn; the next run takes what is left."""
        gone: dict[str, int] = {}
        rules = [rule for rule in declared() if isinstance(rule, Expires)]
        for _ in range(self.rounds):
            rules = [rule for rule in rules if await self._remove(rule, gone) == self.batch]
        for table, count in gone.items():
            log.info("%d rows of %s have expired", count, table)

    async def _remove(self, rule: Expires, gone: dict[str, int]) -> int:
        removed = await self.database.all(_statement(rule), (self.days(rule), self.batch))
        if removed:
            gone[rule.table] = gone.get(rule.table, 0) + len(removed)
            telemetry.metrics().swept.labels("expired").inc(len(removed))
        return len(removed)


def _statement(rule: Expires) -> str:
    # By the rows' places: tables have keys of many kinds.
    return f"""
DELETE FROM {rule.table} WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM {rule.table}
    WHERE {rule.since} < now() - make_interval(days => %s) AND {rule.only}
    ORDER BY {rule.since} LIMIT %s FOR UPDATE SKIP LOCKED))
RETURNING 1
"""  # noqa: S608 - put together from declarations in the code
