"""Lists the caller's own scans, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from functions.runtime import User, http_function
from functions.runtime.cursor import Cursor
from functions.scan.jobs import Jobs


class HistoryEntry(BaseModel):
    """One scan of the history."""

    job_id: UUID
    status: str
    created_at: datetime
    image_url: str
    categories: dict[str, Any] | None
    reward: dict[str, Any] | None


class History(BaseModel):
    """A page of the history; `next_cursor` is None on the last one."""

    scans: list[HistoryEntry]
    next_cursor: str | None


@http_function("GET /api/v1/scan")
async def history(
    user: User, jobs: Jobs, limit: Annotated[int, Field(ge=1, le=100)] = 20, cursor: str | None = None
) -> History:
    """A page of at most `limit` scans before `cursor`."""
    rows = await jobs.history(user.id, limit + 1, Cursor.parse(cursor))
    page = rows[:limit]
    entries = []
    for row in page:
        done = (row.outcome or {}).get("pipeline_result") or {}
        entries.append(
            HistoryEntry(
                job_id=row.job_id,
                status=row.status,
                created_at=row.created_at,
                image_url=row.image_url,
                categories=(done.get("classification_result") or {}).get("classification"),
                reward=(row.outcome or {}).get("reward"),
            )
        )
    more = len(rows) > limit
    return History(
        scans=entries, next_cursor=str(Cursor(page[-1].created_at, page[-1].job_id)) if more else None
    )


new = history.new
