"""GET /api/v1/scan/{job_id}/result: what came of a scan, or how far it is."""

from __future__ import annotations

from uuid import UUID

from functions.runtime import Reply, User, http_function
from functions.scan.jobs import Jobs, Running


@http_function("GET /api/v1/scan/{job_id}/result")
async def result(job_id: UUID, user: User, jobs: Jobs) -> Reply:
    """200 once the job has ended, in whatever way; 202 before."""
    found = await jobs.result(user.id, job_id)
    if isinstance(found, Running):
        body = {
            "status": "processing",
            "message": "아직 분석하고 있어요.",
            "current_stage": found.stage,
            "progress": found.percent,
        }
        return Reply.json(body, 202, {"retry-after": "2"})
    return Reply(200, found, {"content-type": "application/json; charset=utf-8"})


new = result.new
