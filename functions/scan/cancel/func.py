"""Ends a scan of the caller now."""

from __future__ import annotations

from uuid import UUID

from functions.runtime import User, http_function
from functions.scan.jobs import Jobs


@http_function("DELETE /api/v1/scan/{job_id}", status=204, problems=("JOB_NOT_FOUND",))
async def cancel(job_id: UUID, user: User, jobs: Jobs) -> None:
    """Cancel the job; one that has ended stays as it is."""
    await jobs.cancel(user.id, job_id)


new = cancel.new
