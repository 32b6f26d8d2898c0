"""Shows the result of a scan, or how far it is."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import JSONResponse, Response

from functions.runtime import User, http_function
from functions.scan.jobs import Jobs
from functions.scan.outcomes import Result, Running, StillRunning


@http_function(
    "GET /api/v1/scan/{job_id}/result", answers={200: Result, 202: StillRunning}, problems=("JOB_NOT_FOUND",)
)
async def result(job_id: UUID, user: User, jobs: Jobs) -> Response:
    """The result: 200 once the job has ended, in whatever way; 202 before."""
    found = await jobs.result(user.id, job_id)
    if isinstance(found, Running):
        body = {
            "status": "processing",
            "message": "아직 분석하고 있어요.",
            "current_stage": found.stage,
            "progress": found.percent,
        }
        return JSONResponse(body, 202, {"retry-after": "2"})
    return Response(found, media_type="application/json")


new = result.new
