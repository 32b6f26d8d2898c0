"""The course of one scan: which stage worked when, how often, and what it cost."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from pydantic import BaseModel

from functions.runtime.request import User
from functions.runtime.resources import Service
from functions.scan.jobs import unknown

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources


class StageTime(BaseModel):
    """One stage of a job; without an end it is still being worked on, or was given up."""

    stage: str
    attempt: int
    started_at: datetime
    finished_at: datetime | None
    cost_usd: float


class JobTimeline(BaseModel):
    """A job from its acceptance to its end."""

    job_id: UUID
    status: str
    created_at: datetime
    ended_at: datetime | None
    model: str | None
    trace_id: str | None
    error: dict[str, Any] | None
    stages: list[StageTime]


class Timelines(Service):
    """Timelines of jobs, one's own or, for operators, anybody's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        return cls(await resources.database())

    async def of(self, job_id: UUID, user: User) -> JobTimeline:
        """The timeline of a job. Raises NotFound."""
        rows = await self._database.all(_TIMELINE, (job_id, user.operator, user.id))
        if not rows:
            raise unknown()
        status, created, ended, model, trace, error, *_ = rows[0]
        stages = [
            StageTime(**dict(zip(StageTime.model_fields, row[6:], strict=True))) for row in rows if row[6]
        ]
        return JobTimeline(
            job_id=job_id,
            status=status,
            created_at=created,
            ended_at=ended,
            model=model,
            trace_id=trace,
            error=error,
            stages=stages,
        )


_TIMELINE = """
SELECT CASE j.status WHEN 'active' THEN 'processing' ELSE j.status END, j.created_at, j.ended_at, j.model, j.trace_id,
       j.outcome->'error', s.stage, s.attempt, s.started_at, s.finished_at, s.cost_usd
FROM scan.jobs j LEFT JOIN scan.stage_results s ON s.job_id = j.id
WHERE j.id = %s AND (%s OR j.user_id = %s)
ORDER BY s.started_at
"""
