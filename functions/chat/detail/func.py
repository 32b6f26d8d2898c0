"""Shows a conversation with its newest messages."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from functions.chat.conversations import ConversationDetail, Conversations, before
from functions.runtime import User, http_function


@http_function("GET /api/v1/chat/{chat_id}", problems=("CHAT_NOT_FOUND",))
async def detail(
    chat_id: UUID,
    user: User,
    conversations: Conversations,
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> ConversationDetail:
    """The newest `limit` messages before `cursor`, the oldest of them first."""
    return await conversations.detail(user.id, chat_id, limit, before(cursor))


new = detail.new
