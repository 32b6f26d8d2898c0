"""What the chat keeps, and how long."""

from __future__ import annotations

from functions.chat.settings import ChatSettings
from functions.runtime.retention import Expires, Retention, Stays

RETENTION: Retention = (
    Expires(
        "chat.conversations",
        "conversations that were deleted",
        "deleted_at",
        (ChatSettings, "chat_deleted_days"),
    ),
    Stays("chat.turns", "in which a message is answered", "its conversation goes"),
    Stays("chat.messages", "messages of conversations", "its conversation goes"),
    Stays("chat.checkpoints", "where the graph of a conversation stands", "its conversation goes"),
    Stays("chat.outbox", "events on their way", "the broker took it"),
)
