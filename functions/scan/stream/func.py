"""Streams a scan's progress as server-sent events, without gap or repetition."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Self
from uuid import UUID

from sse_starlette import ServerSentEvent
from starlette.requests import Request

from functions.runtime import Resources, User, http_function
from functions.runtime.resources import Service
from functions.scan.jobs import Jobs

if TYPE_CHECKING:
    from eventing.progress.gateway import Gateway


class ScanGateway(Service):
    """The gateway of scan streams, one a process."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """A gateway over the streams and pubsub Redis."""
        from eventing.progress.gateway import Gateway

        gateway = Gateway(await resources.redis("streams"), await resources.redis("pubsub"), "scan")
        resources.on_stop(gateway.stop)
        resources.on_close(gateway.close)
        return cls(gateway)


@http_function("GET /api/v1/scan/{job_id}/events", "GET /api/v1/stream", min_scale=1, streams=True)
async def stream(
    user: User, jobs: Jobs, scan: ScanGateway, request: Request, job_id: UUID
) -> AsyncIterator[ServerSentEvent] | None:
    """The scan's progress, from the start or after `Last-Event-ID`; 204 when that was the last event.

    Another user's job is unknown.
    """
    trace = await jobs.owned(user.id, job_id)
    last = request.headers.get("last-event-id", "")
    after = int(last) if last.isascii() and last.isdecimal() and len(last) < 10 else None
    history = partial(jobs.story, job_id)
    if after is not None and await scan.gateway.ended(str(job_id), after, history):
        return None  # 204: a browser that asks again and again stops
    return scan.gateway.follow(
        str(job_id), after=after, history=history, expires_at=user.expires_at, trace=trace
    )


new = stream.new
