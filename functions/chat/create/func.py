"""Starts a conversation."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from functions.chat.conversations import TITLE_LENGTH, Conversations, ConversationStarted
from functions.runtime import User, http_function

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_LENGTH)]


class NewConversation(BaseModel):
    """A conversation to start; without a title it gets one from its first message."""

    title: Title | None = None


@http_function("POST /api/v1/chat", status=201, max_body=4_096, rate_limit="60/60")
async def create(body: NewConversation, user: User, conversations: Conversations) -> ConversationStarted:
    """Make a conversation of the caller's."""
    return await conversations.start(user.id, body.title)


new = create.new
