"""Starts a conversation."""

from __future__ import annotations

from pydantic import BaseModel

from functions.chat.conversations import Conversations, ConversationStarted, Title
from functions.runtime import User, http_function


class NewConversation(BaseModel):
    """A conversation to start; without a title it gets one from its first message."""

    title: Title | None = None


@http_function("POST /api/v1/chat", status=201, max_body=4_096, rate_limit="60/60")
async def create(body: NewConversation, user: User, conversations: Conversations) -> ConversationStarted:
    """Make a conversation of the caller's."""
    return await conversations.start(user.id, body.title)


new = create.new
