"""Streams a scan's progress as server-sent events, without gap or repetition."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import TYPE_CHECKING, Self
from uuid import UUID

from sse_starlette import ServerSentEvent
from starlette.requests import Request

from functions.runtime import Resources, User, http_function
from functions.runtime.declaration import LAST_EVENT_ID
from functions.runtime.logins import EndedLogins, ended_logins
from functions.runtime.resources import Service
from functions.runtime.shares import Place, Shares
from functions.scan.jobs import Jobs
from functions.scan.settings import ScanSettings

if TYPE_CHECKING:
    from eventing.progress.gateway import Gateway


class ScanGateway(Service):
    """The gateway of scan streams, one a process, and the places that each user has for them."""

    def __init__(self, gateway: Gateway, logins: EndedLogins, shares: Shares, most: int) -> None:
        self.gateway, self.logins, self.shares, self._most = gateway, logins, shares, most

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """A gateway over the streams and pubsub Redis."""
        from eventing.progress.gateway import Gateway

        gateway = Gateway(await resources.redis("streams"), await resources.redis("pubsub"), "scan")
        resources.on_stop(gateway.stop)
        resources.on_close(gateway.close)
        logins = await ended_logins(resources)
        logins.on_end(gateway.end_login)
        return cls(
            gateway, logins, await resources.get(Shares), resources.settings(ScanSettings).scan_user_streams
        )

    async def place(self, user_id: str) -> Place:
        """A place for one more stream of the user. Raises TooMany."""
        return await self.shares.stream("scan-streams", user_id, self._most)


@http_function(
    "GET /api/v1/scan/{job_id}/events",
    "GET /api/v1/stream",
    min_scale=1,
    streams=True,
    problems=("JOB_NOT_FOUND", "TOO_MANY_STREAMS"),
    sent=(LAST_EVENT_ID,),
)
async def stream(
    user: User, jobs: Jobs, scan: ScanGateway, request: Request, job_id: UUID
) -> AsyncGenerator[ServerSentEvent] | None:
    """The scan's progress, from the start or after `Last-Event-ID`; 204 when that was the last event.

    Another user's job is unknown. Raises TooMany.
    """
    trace = await jobs.owned(user.id, job_id)
    last = request.headers.get("last-event-id", "")
    after = int(last) if last.isascii() and last.isdecimal() and len(last) < 10 else None
    history = partial(jobs.story, job_id)
    if after is not None and await scan.gateway.ended(str(job_id), after, history):
        return None  # 204: a browser that asks again and again stops
    place = await scan.place(user.id)
    expires_at = (
        0.0 if scan.logins.ended(user.session) else user.expires_at
    )  # it may have ended since the check
    events = scan.gateway.follow(
        str(job_id), after=after, history=history, expires_at=expires_at, session=user.session, trace=trace
    )
    return scan.shares.during(place, events)


new = stream.new
