"""What the chat holds of users."""

from __future__ import annotations

from functions.runtime.personal import PersonalData, PersonalTable

_OF_CONVERSATIONS = "{} IN (SELECT id FROM chat.conversations WHERE user_id = %(user)s)"


class ChatData(PersonalData):
    """Conversations, those that were deleted too, with messages and turns."""

    tables = (
        PersonalTable("chat.checkpoints", of=_OF_CONVERSATIONS.format("thread_id")),
        PersonalTable(
            "chat.messages",
            "chat_messages",
            "id, conversation_id, job_id, role, status, content, image_url, intent, metadata, created_at",
            of=_OF_CONVERSATIONS.format("conversation_id"),
        ),
        PersonalTable(
            "chat.turns",
            "chat_turns",
            "job_id, conversation_id, status, model, location, input, created_at, ended_at",
        ),
        PersonalTable(
            "chat.conversations",
            "chats",
            "id, title, preview, message_count, summary, created_at, last_message_at, deleted_at",
        ),
    )

    async def forget(self, user_id: str) -> None:
        """Stop whoever answers the user, then delete all."""
        await self._database.run(_STOP, {"user": user_id})
        await super().forget(user_id)


_STOP = """
SELECT pg_notify('eco2_cancel', job_id::text) FROM chat.turns
WHERE user_id = %(user)s AND status IN ('active', 'waiting')
"""
