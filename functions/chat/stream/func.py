"""Streams a turn's progress and tokens as server-sent events, without gap or repetition."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

from pydantic import Field
from sse_starlette import ServerSentEvent
from starlette.requests import Request

from functions.chat.progress import DOMAIN
from functions.chat.settings import ChatSettings
from functions.chat.turns import Turns
from functions.runtime import Resources, User, http_function
from functions.runtime.declaration import LAST_EVENT_ID
from functions.runtime.logins import EndedLogins, ended_logins
from functions.runtime.resources import Service
from functions.runtime.shares import Place, Shares

if TYPE_CHECKING:
    from eventing.progress.gateway import Gateway


class ChatGateway(Service):
    """The gateway of chat streams, one a process, and the places that each user has for them."""

    def __init__(self, gateway: Gateway, logins: EndedLogins, shares: Shares, most: int) -> None:
        self.gateway, self.logins, self.shares, self._most = gateway, logins, shares, most

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """A gateway over the streams and pubsub Redis."""
        from eventing.progress.gateway import Gateway

        gateway = Gateway(await resources.redis("streams"), await resources.redis("pubsub"), DOMAIN)
        resources.on_stop(gateway.stop)
        resources.on_close(gateway.close)
        logins = await ended_logins(resources)
        logins.on_end(gateway.end_login)
        return cls(
            gateway, logins, await resources.get(Shares), resources.settings(ChatSettings).chat_user_streams
        )

    async def place(self, user_id: str) -> Place:
        """A place for one more stream of the user. Raises TooMany."""
        return await self.shares.stream("chat-streams", user_id, self._most)


@http_function(
    "GET /api/v1/chat/{job_id}/events",
    min_scale=1,
    streams=True,
    problems=("JOB_NOT_FOUND", "TOO_MANY_STREAMS"),
    sent=(LAST_EVENT_ID,),
)
async def stream(
    user: User,
    turns: Turns,
    chat: ChatGateway,
    request: Request,
    job_id: UUID,
    last_token_seq: Annotated[int | None, Field(ge=0, lt=2**31)] = None,
) -> AsyncGenerator[ServerSentEvent] | None:
    """The turn's events, from the start or after `Last-Event-ID` (or `last_token_seq`, which is the same number).

    204 when that was the last event. Another user's turn is unknown. Raises TooMany.
    """
    trace = await turns.owned(user.id, job_id)
    last = request.headers.get("last-event-id", "")
    after = int(last) if last.isascii() and last.isdecimal() and len(last) < 10 else last_token_seq
    history = partial(turns.story, job_id)
    if after is not None and await chat.gateway.ended(str(job_id), after, history):
        return None  # 204: a browser that asks again and again stops
    place = await chat.place(user.id)
    expires_at = (
        0.0 if chat.logins.ended(user.session) else user.expires_at
    )  # it may have ended since the check
    events = chat.gateway.follow(
        str(job_id), after=after, history=history, expires_at=expires_at, session=user.session, trace=trace
    )
    return chat.shares.during(place, events)


new = stream.new
