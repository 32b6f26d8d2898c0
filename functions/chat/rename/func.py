"""Gives a conversation another title."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from functions.chat.conversations import TITLE_LENGTH, Conversations
from functions.runtime import User, http_function


class NewTitle(BaseModel):
    """The title that a conversation gets."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_LENGTH)]


@http_function("PATCH /api/v1/chat/{chat_id}", status=204, max_body=4_096)
async def rename(chat_id: UUID, body: NewTitle, user: User, conversations: Conversations) -> None:
    """Rename the caller's conversation."""
    await conversations.rename(user.id, chat_id, body.title)


new = rename.new
