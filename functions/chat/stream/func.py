"""Streams a turn's progress and tokens as server-sent events, without gap or repetition."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from sse_starlette import ServerSentEvent
from starlette.requests import Request

from functions.chat.ag_ui import as_ag_ui
from functions.chat.progress import DOMAIN
from functions.chat.settings import ChatSettings
from functions.chat.turns import Turns
from functions.runtime import Resources, User, http_function
from functions.runtime.declaration import LAST_EVENT_ID
from functions.runtime.following import JobStreams, last_seq


class ChatStreams(JobStreams):
    """The streams of turns."""

    domain = DOMAIN

    @classmethod
    def most(cls, resources: Resources) -> int:
        """As the settings say."""
        return resources.settings(ChatSettings).chat_user_streams


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
    streams: ChatStreams,
    request: Request,
    job_id: UUID,
    last_token_seq: Annotated[int | None, Field(ge=0, lt=2**31)] = None,
    profile: Literal["ag-ui"] | None = None,
) -> AsyncGenerator[ServerSentEvent] | None:
    """The turn's events, from the start or after `Last-Event-ID` (or `last_token_seq`, which is the same number).

    204 when that was the last event. With `profile=ag-ui` always from the start, in that protocol's events.
    Another user's turn is unknown. Raises TooMany.
    """
    turn = await turns.owned(user.id, job_id)
    seq = last_seq(request)
    after = None if profile else last_token_seq if seq is None else seq
    history = partial(turns.story, job_id)
    events = await streams.follow(job_id, user, after=after, history=history, trace=turn.trace)
    return as_ag_ui(events, str(turn.chat_id), str(job_id)) if profile and events else events


new = stream.new
