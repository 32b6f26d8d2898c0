"""Lists the caller's conversations, those with the newest message first."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from functions.chat.conversations import ConversationPage, Conversations
from functions.runtime import User, http_function
from functions.runtime.cursor import Cursor


@http_function("GET /api/v1/chat")
async def conversation_list(
    user: User,
    conversations: Conversations,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    cursor: str | None = None,
) -> ConversationPage:
    """A page of at most `limit` conversations after `cursor`."""
    return await conversations.page(user.id, limit, Cursor.parse(cursor))


new = conversation_list.new
