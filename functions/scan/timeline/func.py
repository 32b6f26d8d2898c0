"""Shows the course of a scan: its stages with their times, attempts and cost."""

from __future__ import annotations

from uuid import UUID

from functions.runtime import User, http_function
from functions.scan.job_timeline import JobTimeline, Timelines


@http_function("GET /api/v1/scan/{job_id}/timeline")
async def timeline(job_id: UUID, user: User, timelines: Timelines) -> JobTimeline:
    """The caller's job, or anybody's for operators. Raises NotFound."""
    return await timelines.of(job_id, user)


new = timeline.new
