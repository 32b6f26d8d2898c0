"""What the platform's database says of jobs, and what we would complain about in it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.scan_line import NAMES

PAID = ("answer", "vision")
"""Stages that ask a model."""


@dataclass(frozen=True, slots=True)
class Records:
    """The database, by its URL."""

    url: str

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql.encode(), parameters).fetchall()

    async def in_hand(self, jobs: list[str], stage: str, least: int, within_s: float = 120) -> None:
        """Wait until so many of the jobs are being worked on at `stage`. Raises AssertionError."""
        deadline = time.monotonic() + within_s
        while (found := (await asyncio.to_thread(self.rows, _IN_HAND, list(jobs), stage))[0][0]) < least:
            assert time.monotonic() < deadline, f"{found} of {len(jobs)} jobs are in {stage}"
            await asyncio.sleep(0.2)

    def attempts(self, jobs: Sequence[str]) -> dict[str, int]:
        """How often each stage was begun, by `<job>:<stage>`."""
        return {f"{job}:{stage}": attempt for job, stage, attempt, _ in self.rows(_STAGES, list(jobs))}

    def quarantined(self, jobs: Sequence[str]) -> Counter[str]:
        """Events of these jobs that were given up for a while, by function and the status it last answered."""
        return Counter(f"{function}: {status}" for function, status in self.rows(_QUARANTINED, list(jobs)))

    def complaints(self, jobs: Sequence[str], paid: Mapping[str, int]) -> list[str]:
        """Jobs that are not complete, stages that are missing, rewards given twice, and models paid too often.

        Paid again may be what was begun again: its process ended before it could store what the model said.
        """
        ids = list(jobs)
        found = [f"{job} is {status}" for job, status in self.rows(_JOBS, ids) if status != "completed"]
        stages = Counter(job for job, _, _, output in self.rows(_STAGES, ids) if output)
        found += [f"{job} has {stages[job]} stages" for job in ids if stages[job] != len(NAMES)]
        for stage, begun in self.attempts(ids).items():
            if stage.partition(":")[2] in PAID and not 1 <= paid.get(stage, 0) <= begun:
                found.append(f"{stage} was paid {paid.get(stage, 0)} times in {begun} attempts")
        return found

    async def rewards(self, jobs: Sequence[str], within_s: float = 90) -> list[str]:
        """What contradicts one character for each user, once everybody heard of it: results, two domains, grants."""
        deadline = time.monotonic() + within_s
        while (
            found := await asyncio.to_thread(self._contradictions, list(jobs))
        ) and time.monotonic() < deadline:
            await asyncio.sleep(1)
        return found

    def _contradictions(self, jobs: list[str]) -> list[str]:
        granted = self.rows(_GRANTS, jobs)
        users = {user for (user,) in self.rows(_USERS, jobs)}
        found = [] if Counter(user for user, *_ in granted) == Counter(users) else [f"grants: {granted}"]
        for name, query in _TOLD.items():
            if sorted(rows := self.rows(query, jobs)) != sorted(granted):
                found.append(f"{name} differ from the grants: {set(rows) ^ set(granted)}")
        return found


_IN_HAND = """
SELECT count(*) FROM scan.stage_results
WHERE job_id = ANY(%s::uuid[]) AND stage = %s AND worker IS NOT NULL AND output IS NULL
"""
_JOBS = "SELECT id::text, status FROM scan.jobs WHERE id = ANY(%s::uuid[])"
_STAGES = """
SELECT job_id::text, stage, attempt, output IS NOT NULL FROM scan.stage_results WHERE job_id = ANY(%s::uuid[])
"""
_QUARANTINED = "SELECT trigger, error_code FROM ops.quarantine WHERE subject = ANY(%s::text[])"
_USERS = "SELECT DISTINCT user_id FROM scan.jobs WHERE id = ANY(%s::uuid[])"
_GRANTS = "SELECT user_id, character, job_id FROM scan.grants WHERE job_id = ANY(%s::uuid[])"
_TOLD = {
    "results": """
        SELECT user_id, outcome->'reward'->>'code', id FROM scan.jobs
        WHERE id = ANY(%s::uuid[]) AND (outcome->'reward'->>'received')::boolean
    """,
    "inventories": """
        SELECT user_id::text, character_code, job_id FROM users.user_characters WHERE job_id = ANY(%s::uuid[])
    """,
    "ownerships": """
        SELECT user_id::text, character_code, job_id FROM characters.ownerships WHERE job_id = ANY(%s::uuid[])
    """,
}
