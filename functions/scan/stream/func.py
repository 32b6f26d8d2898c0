"""Streams a scan's progress as server-sent events, without gap or repetition."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from functools import partial
from typing import TYPE_CHECKING, Self
from uuid import UUID

from sse_starlette import ServerSentEvent
from starlette.requests import Request

from functions.runtime import Resources, TooMany, User, http_function
from functions.runtime.resources import Service
from functions.runtime.shares import Place, Shares
from functions.scan.jobs import RETRY_S, Jobs
from functions.scan.settings import ScanSettings

if TYPE_CHECKING:
    from eventing.progress.gateway import Gateway


PLACE_S = 75.0
"""How long a stream's place outlives a process that died; keepalives come more often."""
HEAD_S = 5.0
"""How long a place is held for a stream that has not begun, as after HEAD."""


class ScanGateway(Service):
    """The gateway of scan streams, one a process, and the places that each user has for them."""

    def __init__(self, gateway: Gateway, shares: Shares, most: int) -> None:
        self.gateway, self.shares, self._most = gateway, shares, most

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """A gateway over the streams and pubsub Redis."""
        from eventing.progress.gateway import Gateway

        gateway = Gateway(await resources.redis("streams"), await resources.redis("pubsub"), "scan")
        resources.on_stop(gateway.stop)
        resources.on_close(gateway.close)
        return cls(gateway, await resources.get(Shares), resources.settings(ScanSettings).scan_user_streams)

    async def place(self, user_id: str) -> Place:
        """A place for one more stream of the user. Raises TooMany."""
        place = Place("scan-streams", user_id, secrets.token_hex(8), self._most, PLACE_S)
        if not await self.shares.hold(place, HEAD_S):
            raise TooMany(
                "TOO_MANY_STREAMS",
                f"{self._most} event streams of yours are open; close one, or ask for the result.",
                policy=place.kind,
                after_s=RETRY_S,
            )
        return place


@http_function("GET /api/v1/scan/{job_id}/events", "GET /api/v1/stream", min_scale=1, streams=True)
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
    events = scan.gateway.follow(
        str(job_id), after=after, history=history, expires_at=user.expires_at, trace=trace
    )
    return scan.shares.during(place, events)


new = stream.new
