"""Streams what the Broker delivers to operators, as server-sent events."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from sse_starlette import ServerSentEvent
from starlette.requests import Request

from functions.console.deliveries import WatchedDeliveries
from functions.runtime import User, http_function
from functions.runtime.declaration import LAST_EVENT_ID

_PLACE = re.compile(r"\d{1,15}-\d{1,10}")


@http_function(
    "GET /api/v1/console/events",
    streams=True,
    operators=True,
    problems=("TOO_MANY_WATCHERS",),
    sent=(LAST_EVENT_ID,),
)
async def watch(
    user: User, deliveries: WatchedDeliveries, request: Request
) -> AsyncIterator[ServerSentEvent]:
    """The latest deliveries and then each as it happens, or those after `Last-Event-ID`; several in one event."""
    last = request.headers.get("last-event-id", "")
    return await deliveries.follow(last if _PLACE.fullmatch(last) else None, user.expires_at)


new = watch.new
