"""Streams a scan's progress as server-sent events, without gap or repetition."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from uuid import UUID

from sse_starlette import ServerSentEvent
from starlette.requests import Request

from functions.runtime import Resources, User, http_function
from functions.runtime.declaration import LAST_EVENT_ID
from functions.runtime.following import JobStreams, last_seq
from functions.scan.jobs import Jobs
from functions.scan.settings import ScanSettings


class ScanStreams(JobStreams):
    """The streams of scans."""

    domain = "scan"

    @classmethod
    def most(cls, resources: Resources) -> int:
        """As the settings say."""
        return resources.settings(ScanSettings).scan_user_streams


@http_function(
    "GET /api/v1/scan/{job_id}/events",
    "GET /api/v1/stream",
    min_scale=1,
    streams=True,
    problems=("JOB_NOT_FOUND", "TOO_MANY_STREAMS"),
    sent=(LAST_EVENT_ID,),
)
async def stream(
    user: User, jobs: Jobs, scans: ScanStreams, request: Request, job_id: UUID
) -> AsyncGenerator[ServerSentEvent] | None:
    """The scan's progress, from the start or after `Last-Event-ID`; 204 when that was the last event.

    Another user's job is unknown. Raises TooMany.
    """
    trace = await jobs.owned(user.id, job_id)
    history = partial(jobs.story, job_id)
    return await scans.follow(job_id, user, after=last_seq(request), history=history, trace=trace)


new = stream.new
