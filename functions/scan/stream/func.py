"""GET /api/v1/scan/{job_id}/events: a scan's progress as server-sent events, without gap or repetition."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self
from uuid import UUID

from eventing.progress.events import encode
from functions.runtime import EventStream, Request, Resources, User, http_function
from functions.scan.jobs import Jobs

if TYPE_CHECKING:
    from eventing.progress.gateway import Gateway


class ScanGateway:
    """The process's one gateway of scan streams."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the streams and pubsub Redis."""
        from eventing.progress.gateway import Gateway

        gateway = Gateway(await resources.redis("streams"), await resources.redis("pubsub"), "scan")
        resources.on_close(gateway.close)
        return cls(gateway)


@http_function("GET /api/v1/scan/{job_id}/events", "GET /api/v1/stream", min_scale=1)
async def stream(user: User, jobs: Jobs, scan: ScanGateway, request: Request, job_id: UUID) -> EventStream:
    """From the start, or after `Last-Event-ID`; another user's job is unknown."""
    await jobs.owned(user.id, job_id)
    last = request.headers.get("last-event-id", "")
    events = scan.gateway.follow(
        str(job_id),
        after=int(last) if last.isdecimal() and len(last) < 10 else None,
        history=partial(jobs.story, job_id),
        expires_at=user.expires_at,
    )
    return EventStream(encode(event) async for event in events)


new = stream.new
