"""What the chat holds of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from functions.chat.checkpoint_store import CheckpointStore
from functions.runtime.errors import Retry
from functions.runtime.personal import PersonalData, PersonalTable

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

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

    def __init__(self, database: Database, resources: Resources) -> None:
        super().__init__(database)
        self._resources = resources

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database; where checkpoints are is asked for by who forgets."""
        return cls(await resources.database(), resources)

    async def forget(self, user_id: str) -> None:
        """Stop whoever answers the user, then delete all, what Redis holds of paused turns first."""
        from redis.exceptions import RedisError

        await self._database.run(_STOP, {"user": user_id})
        store = CheckpointStore(await self._resources.redis("state"), self._database)
        try:
            for (conversation,) in await self._database.all(_CONVERSATIONS, {"user": user_id}):
                await store.delete(str(conversation))
        except (RedisError, OSError) as failure:
            raise Retry("checkpoints can't be deleted now", code="CHECKPOINTS_KEPT") from failure
        await super().forget(user_id)


_CONVERSATIONS = "SELECT id FROM chat.conversations WHERE user_id = %(user)s"
_STOP = """
SELECT pg_notify('eco2_cancel', job_id::text) FROM chat.turns
WHERE user_id = %(user)s AND status IN ('active', 'waiting')
"""
