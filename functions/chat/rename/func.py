"""Gives a conversation another title."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel

from functions.chat.conversations import Conversations, Title
from functions.runtime import User, http_function


class NewTitle(BaseModel):
    """The title that a conversation gets."""

    title: Title


@http_function("PATCH /api/v1/chat/{chat_id}", status=204, max_body=4_096, problems=("CHAT_NOT_FOUND",))
async def rename(chat_id: UUID, body: NewTitle, user: User, conversations: Conversations) -> None:
    """Rename the caller's conversation."""
    await conversations.rename(user.id, chat_id, body.title)


new = rename.new
