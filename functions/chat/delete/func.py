"""Deletes a conversation."""

from __future__ import annotations

from uuid import UUID

from functions.chat.conversations import Conversations
from functions.runtime import User, http_function


@http_function("DELETE /api/v1/chat/{chat_id}", status=204, problems=("CHAT_NOT_FOUND",))
async def delete(chat_id: UUID, user: User, conversations: Conversations) -> None:
    """Hide the caller's conversation; it is removed with its retention."""
    await conversations.delete(user.id, chat_id)


new = delete.new
