"""Conversations and their messages as a client reads them. Tables `chat.conversations` and `chat.messages`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID, uuid4

from pydantic import AfterValidator, BaseModel, StringConstraints

from functions.runtime.cursor import Cursor
from functions.runtime.errors import NotFound
from functions.runtime.resources import Service
from functions.runtime.text import named, shown

if TYPE_CHECKING:
    from functions.runtime.database import Database, Row
    from functions.runtime.resources import Resources

TITLE_LENGTH = 100
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_LENGTH),
    AfterValidator(named),
]
"""A title that can be seen, and reads in one direction."""
_MADE_LENGTH = 30


class ConversationStarted(BaseModel):
    """A new conversation."""

    id: UUID
    title: str | None
    created_at: datetime


class ConversationSummary(BaseModel):
    """A conversation in the list; `preview` is the beginning of its newest message."""

    id: UUID
    title: str | None
    preview: str | None
    message_count: int
    last_message_at: datetime | None
    created_at: datetime


class ConversationPage(BaseModel):
    """A page of the list, newest first; `next_cursor` is None on the last one."""

    chats: list[ConversationSummary]
    next_cursor: str | None


class Message(BaseModel):
    """A message of the user or the assistant."""

    id: UUID
    role: str
    content: str
    image_url: str | None
    intent: str | None
    metadata: dict[str, Any] | None
    created_at: datetime


class ConversationDetail(BaseModel):
    """A conversation with its newest messages, oldest of them first; the cursor goes back in time."""

    id: UUID
    title: str | None
    messages: list[Message]
    has_more: bool
    next_cursor: str | None
    created_at: datetime


class Conversations(Service):
    """The conversations of users; another user's is unknown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database."""
        return cls(await resources.database())

    async def start(self, user_id: str, title: str | None) -> ConversationStarted:
        """Make a conversation."""
        row = await self._database.one(_START, (uuid4(), user_id, title))
        assert row
        return ConversationStarted(**dict(zip(ConversationStarted.model_fields, row, strict=True)))

    async def page(self, user_id: str, limit: int, cursor: Cursor | None) -> ConversationPage:
        """At most `limit` conversations after `cursor`, those with the newest message first."""
        given = {"user": user_id, "limit": limit + 1, "at": cursor and cursor.at, "id": cursor and cursor.id}
        rows = await self._database.all(_PAGE, given)
        chats = [_summary(row) for row in rows[:limit]]
        following = str(Cursor(rows[limit - 1][-1], chats[-1].id)) if len(rows) > limit else None
        return ConversationPage(chats=chats, next_cursor=following)

    async def detail(
        self, user_id: str, chat_id: UUID, limit: int, cursor: Cursor | None
    ) -> ConversationDetail:
        """The newest `limit` messages before `cursor`. Raises NotFound."""
        found = await self._database.one(_ONE, (chat_id, user_id))
        if found is None:
            raise unknown()
        given = {"chat": chat_id, "limit": limit + 1, "at": cursor and cursor.at, "id": cursor and cursor.id}
        rows = await self._database.all(_MESSAGES, given)
        newest = [Message(**dict(zip(Message.model_fields, row, strict=True))) for row in rows[:limit]]
        more = len(rows) > limit
        return ConversationDetail(
            id=chat_id,
            title=found[0],
            messages=newest[::-1],
            has_more=more,
            next_cursor=str(Cursor(newest[-1].created_at, newest[-1].id)) if more else None,
            created_at=found[1],
        )

    async def rename(self, user_id: str, chat_id: UUID, title: str) -> None:
        """Give the conversation another title. Raises NotFound."""
        if await self._database.one(_RENAME, (title, chat_id, user_id)) is None:
            raise unknown()

    async def entitle(self, chat_id: UUID) -> None:
        """Give the conversation a title, unless it has one: what was asked first."""
        row = await self._database.one(_FIRST, (chat_id,))
        if row:
            await self._database.run(_ENTITLE, (title_of(row[0]), chat_id))

    async def delete(self, user_id: str, chat_id: UUID) -> None:
        """Hide the conversation; its open turns end. Raises NotFound."""
        if await self._database.one(_DELETE, (chat_id, user_id)) is None:
            raise unknown()


def title_of(message: str) -> str:
    """A title from a conversation's first message: its first sentence, at most 30 characters."""
    first = shown(re.split(r"(?<=[?!.])\s|\n", message.strip(), maxsplit=1)[0])
    return first if len(first) <= _MADE_LENGTH else first[: _MADE_LENGTH - 1].rstrip() + "…"


def _summary(row: Row) -> ConversationSummary:
    return ConversationSummary(**dict(zip(ConversationSummary.model_fields, row[:-1], strict=True)))


def before(text: str | None) -> Cursor | None:
    """The cursor of a page further back; clients may also give the time of their oldest message. Raises Invalid."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return Cursor.parse(text)
    return Cursor(at if at.tzinfo else at.replace(tzinfo=UTC), UUID(int=0))


def unknown() -> NotFound:
    """The answer for conversations that don't exist and for other users' alike."""
    return NotFound("CHAT_NOT_FOUND", "There is no such conversation of yours.")


_START = """
INSERT INTO chat.conversations (id, user_id, title) VALUES (%s, %s, %s) RETURNING id, title, created_at
"""
_PAGE = """
SELECT id, title, preview, message_count, last_message_at, created_at, sorted_at FROM chat.conversations
WHERE user_id = %(user)s AND deleted_at IS NULL
  AND (%(at)s::timestamptz IS NULL OR (sorted_at, id) < (%(at)s, %(id)s))
ORDER BY sorted_at DESC, id DESC LIMIT %(limit)s
"""
_ONE = (
    "SELECT title, created_at FROM chat.conversations WHERE (id, user_id) = (%s, %s) AND deleted_at IS NULL"
)
_MESSAGES = """
SELECT id, role, content, image_url, intent, metadata, created_at FROM chat.messages
WHERE conversation_id = %(chat)s AND (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s, %(id)s))
ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""
_RENAME = """
UPDATE chat.conversations SET title = %s WHERE (id, user_id) = (%s, %s) AND deleted_at IS NULL RETURNING id
"""
_FIRST = """
SELECT content FROM chat.messages WHERE conversation_id = %s AND role = 'user' ORDER BY created_at, id LIMIT 1
"""
_ENTITLE = "UPDATE chat.conversations SET title = %s WHERE id = %s AND title IS NULL"
_DELETE = """
UPDATE chat.conversations SET deleted_at = now() WHERE (id, user_id) = (%s, %s) AND deleted_at IS NULL RETURNING id
"""
